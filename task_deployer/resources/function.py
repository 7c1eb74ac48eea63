"""The Lambda function: its configuration, its code, its reserved concurrency."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.archive import Archive
from task_deployer.aws import Account, Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.ownership import is_ours, taken
from task_deployer.resources.rights import Rights
from task_deployer.resources.role import Role
from task_deployer.resources.seen_function import SeenFunction, seen_function, wait_until_settled
from task_deployer.retry import FUNCTION_BUSY, ROLE_PROPAGATION, patiently

ENTRY_POINT = "task_runtime.entry.handler"
_HIDDEN = "(a value that is not shown)"


@dataclass(frozen=True)
class Function(Resource[SeenFunction]):
    """One function. `settings` are those of UpdateFunctionConfiguration that are plain values."""

    kind: ClassVar[str] = "function"
    exclusive: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:ListTags"),
        write=(
            "lambda:CreateFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:PutFunctionConcurrency",
            "lambda:DeleteFunctionConcurrency",
            "lambda:TagResource",
        ),
        delete=("lambda:DeleteFunction",),
    )
    scope: str
    name: str
    role: Role
    role_arn: str
    archive: Archive
    runtime: str
    architecture: str
    memory_mb: int
    timeout_seconds: int
    ephemeral_storage_mb: int
    environment: Mapping[str, str]
    shown: frozenset[str]
    """The names of the variables that are ours, whose values a plan may show. The user's may be secrets."""
    tags: Mapping[str, str]
    reserved_concurrency: int | None = None

    @property
    def identity(self) -> Identity:
        return {"name": self.name}

    @property
    def settings(self) -> Mapping[str, Value]:
        """The plain settings as wanted, in AWS's words."""
        return {
            "Role": self.role_arn,
            "Handler": ENTRY_POINT,
            "Runtime": self.runtime,
            "MemorySize": self.memory_mb,
            "Timeout": self.timeout_seconds,
            "EphemeralStorage.Size": self.ephemeral_storage_mb,
        }

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.arn("lambda", f"function:{identity['name']}"),)

    def arn(self, account: Account) -> str:
        """The unqualified ARN: what S3 invokes and the permission is for."""
        return self.arns(account, self.identity)[0]

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenFunction | None:
        try:
            answer = aws.lambda_.get_function(FunctionName=identity["name"])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
        return seen_function(answer)

    def diff(self, seen: SeenFunction) -> tuple[Difference, ...]:
        code = differing({"CodeSha256": self.archive.sha256}, {"CodeSha256": seen.code_sha256})
        architecture = differing({"Architectures": self.architecture}, {"Architectures": seen.architecture})
        concurrency = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return (
            *differing(self.settings, seen.settings),
            *self._environment_differences(seen),
            *architecture,
            *code,
            *differing(concurrency, {"ReservedConcurrentExecutions": seen.concurrency}),
            *differing({"Status": "settled"}, {"Status": seen.status}),
            *differing(self.tags, seen.tags, "Tags."),
        )

    def create(self, aws: Aws) -> None:
        def call() -> None:
            aws.lambda_.create_function(
                FunctionName=self.name,
                Role=self.role_arn,
                Handler=ENTRY_POINT,
                Runtime=self.runtime,  # type: ignore[arg-type]  # the stubs may be older than the runtime
                Architectures=[self.architecture],  # type: ignore[list-item]  # checked by the config
                MemorySize=self.memory_mb,
                Timeout=self.timeout_seconds,
                EphemeralStorage={"Size": self.ephemeral_storage_mb},
                Environment={"Variables": dict(self.environment)},
                Tags=dict(self.tags),
                Code={"ZipFile": self.archive.content},
            )

        try:
            self._sent(lambda: patiently(aws.patience, ROLE_PROPAGATION, call))
        except ClientError as error:
            if code_of(error) != "ResourceConflictException" or "already exist" not in message_of(error):
                raise
            self._recognise(aws, error)
            return
        wait_until_settled(aws, self.name)
        if self.reserved_concurrency is not None:
            self._reserve(aws)

    def update(self, aws: Aws, seen: SeenFunction) -> None:
        """Bring code, then configuration, then the rest in line. AWS works on for a while after the first two."""
        if seen.status in ("Pending", "InProgress"):
            wait_until_settled(aws, self.name)
            seen = replace(seen, status="settled")
        paths = {difference.path for difference in self.diff(seen)}
        if paths & {"CodeSha256", "Architectures", "Status"}:
            self._update_code(aws)
        if any(path in self.settings or path.startswith("Environment.") for path in paths):
            self._update_settings(aws)
        if "ReservedConcurrentExecutions" in paths:
            self._reserve(aws)
        if any(path.startswith("Tags.") for path in paths):
            self._tag(aws)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        def call() -> None:
            aws.lambda_.delete_function(FunctionName=identity["name"])

        try:
            _unless_busy(aws, call)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise

    def _environment_differences(self, seen: SeenFunction) -> tuple[Difference, ...]:
        """Which variables differ. The user's values may be secrets: only that they differ is told."""
        names = [
            n for n in {**self.environment, **seen.environment} if self.environment.get(n) != seen.environment.get(n)
        ]

        def told(name: str, values: Mapping[str, str]) -> str | None:
            return values.get(name) if name in self.shown or name not in values else _HIDDEN

        return tuple(
            Difference(f"Environment.{name}", told(name, self.environment), told(name, seen.environment))
            for name in sorted(names)
        )

    def _update_code(self, aws: Aws) -> None:
        def call() -> None:
            aws.lambda_.update_function_code(
                FunctionName=self.name,
                ZipFile=self.archive.content,
                Architectures=[self.architecture],  # type: ignore[list-item]  # checked by the config
            )

        _unless_busy(aws, call)
        wait_until_settled(aws, self.name)

    def _update_settings(self, aws: Aws) -> None:
        def call() -> None:
            aws.lambda_.update_function_configuration(
                FunctionName=self.name,
                Role=self.role_arn,
                Handler=ENTRY_POINT,
                Runtime=self.runtime,  # type: ignore[arg-type]  # the stubs may be older than the runtime
                MemorySize=self.memory_mb,
                Timeout=self.timeout_seconds,
                EphemeralStorage={"Size": self.ephemeral_storage_mb},
                Environment={"Variables": dict(self.environment)},
            )

        self._sent(lambda: patiently(aws.patience, ROLE_PROPAGATION, lambda: _unless_busy(aws, call)))
        wait_until_settled(aws, self.name)

    def _tag(self, aws: Aws) -> None:
        def call() -> None:
            aws.lambda_.tag_resource(Resource=self.arn(aws.account), Tags=dict(self.tags))

        _unless_busy(aws, call)

    def _reserve(self, aws: Aws) -> None:
        wanted = self.reserved_concurrency

        def call() -> None:
            if wanted is None:
                aws.lambda_.delete_function_concurrency(FunctionName=self.name)
            else:
                aws.lambda_.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=wanted)

        _unless_busy(aws, call)

    def _sent(self, call: Callable[[], None]) -> None:
        """Make a call that carries the variables. Some refusals repeat them all, and they may be secrets.

        "Lambda was unable to configure your environment variables because the environment variables you have provided
        exceeded the 4KB limit. String measured: {...}", and ValidationException with the value at 'environment'.
        """
        try:
            call()
        except ClientError as error:
            if re.search("String measured|at 'environment", message_of(error)) is None:
                raise
            raise ResourceError(
                f"Lambda refuses the environment variables of the function {self.name}",
                code=code_of(error),
                detail="Its text repeats their values, which may be secrets, so it is not shown.",
                hint="Names are letters, digits and _, and begin with a letter; all together may have 4 KB.",
            ) from None

    def _recognise(self, aws: Aws, error: ClientError) -> None:
        """Take a function that is ours for made (a repeated create meets its own first success); refuse any other."""
        seen = self.observe(aws, self.identity)
        if seen is None:
            raise error
        if not is_ours(seen.tags, self.tags):
            raise taken(f"The function {self.name}", seen.tags) from error
        self.update(aws, seen)


def _unless_busy(aws: Aws, call: Callable[[], None]) -> None:
    patiently(aws.patience, FUNCTION_BUSY, call)
