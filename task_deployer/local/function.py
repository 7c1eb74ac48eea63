"""A deployed function as the executor needs it, and what its executions come to. Frozen values, pure."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class AsyncConfig:
    """What happens to asynchronous events that fail: the function's event invoke config, or Lambda's defaults."""

    attempts: int = 2
    max_age_seconds: int = 21600
    on_failure: str | None = None


@dataclass(frozen=True)
class Function:
    """One function: identity, configuration and code, at one moment."""

    name: str
    arn: str
    region: str
    handler: str
    runtime: str
    role: str
    timeout_seconds: int
    memory_mb: int
    log_group: str
    environment: tuple[tuple[str, str], ...]
    code_sha256: str
    code: bytes = field(repr=False)
    asynchronous: AsyncConfig = AsyncConfig()

    @property
    def revision(self) -> str:
        """What a warm sandbox must have been started with: any change of code or configuration changes it."""
        said = [self.arn, self.handler, self.runtime, self.role, self.timeout_seconds, self.memory_mb, self.log_group]
        return hashlib.sha256(json.dumps([*said, self.environment, self.code_sha256]).encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What one execution came to: the payload, whether it is an error, and the log's tail as `LogType=Tail` has it."""

    payload: bytes
    error: Literal["Unhandled"] | None
    log_tail: bytes


def error_payload(kind: str, message: str) -> bytes:
    """The payload that Lambda itself makes where the runtime could not (a timeout, a crash)."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
