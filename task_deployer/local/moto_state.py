"""What the local AWS reads from moto's memory and writes to it, outside of requests.

Queues are moto_queues.py's, rules and event source mappings moto_events.py's; nobody else reads moto's models.

moto keeps its state in plain dictionaries and is not written for threads: whoever touches it holds `LOCK`.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from task_deployer.local.function import AsyncConfig, Function
from task_deployer.local.permissions import Statement
from task_deployer.local.process import ACCOUNT
from task_deployer.local.sandbox import Credentials

LOCK = threading.RLock()
Policy = Mapping[str, object]


@dataclass(frozen=True)
class RoleSession:
    """Who signs with temporary credentials: the role, and the two ways AWS writes the session."""

    role: str
    arn: str
    principal: str


_sessions: dict[str, RoleSession] = {}


def partition(region: str) -> str:
    """The partition of a region: `aws`, `aws-cn`, ..."""
    found: str = get_partition(region)
    return found


def moto_function(region: str, name: str) -> LambdaFunction | None:
    """The function as moto has it, by name or ARN; None if there is none."""
    with LOCK:
        try:
            return lambda_backends[ACCOUNT][region].get_function(name)
        except UnknownFunctionException:
            return None


def moto_functions(region: str) -> tuple[LambdaFunction, ...]:
    """All functions as moto has them."""
    with LOCK:
        return tuple(lambda_backends[ACCOUNT][region].list_functions())


def find_function(region: str, name: str) -> Function | None:
    """The function as it is now, by name or ARN; None if there is none."""
    with LOCK:
        found = moto_function(region, name)
        return None if found is None else _read_function(found, region)


def function_statements(region: str, name: str) -> tuple[Statement, ...]:
    """The statements of a function's resource policy; empty if there is no function or no policy."""
    with LOCK:
        found = moto_function(region, name)
        return () if found is None else tuple(found.policy.statements)


def _read_function(found: LambdaFunction, region: str) -> Function:
    logging_config: Mapping[str, str] = found.get_configuration()["LoggingConfig"]
    return Function(
        name=found.function_name,
        arn=found.function_arn,
        region=region,
        handler=found.handler or "",
        runtime=found.run_time or "",
        role=found.role,
        timeout_seconds=int(found.timeout),
        memory_mb=int(found.memory_size),
        log_group=logging_config["LogGroup"],
        environment=tuple(sorted(found.environment_vars.items())),
        code_sha256=found.code_sha_256,
        code=found.code_bytes,
        asynchronous=_async_config(found),
    )


def _async_config(found: LambdaFunction) -> AsyncConfig:
    if not found.event_invoke_config:
        return AsyncConfig()
    config: Mapping[str, object] = found.event_invoke_config[-1].config
    destinations = config.get("DestinationConfig") or {}
    failure = destinations.get("OnFailure", {}) if isinstance(destinations, Mapping) else {}
    return AsyncConfig(
        attempts=int(str(config.get("MaximumRetryAttempts", 2))),
        max_age_seconds=int(str(config.get("MaximumEventAgeInSeconds", 21600))),
        on_failure=failure.get("Destination") or None,
    )


def assume(function: Function, session: str) -> Credentials:
    """Makes temporary credentials of the function's role; calls signed with them are checked against its policies."""
    with LOCK:
        made = sts_backends[ACCOUNT][partition(function.region)].assume_role(
            region_name=function.region,
            role_session_name=session,
            role_arn=function.role,
            policy="",
            duration=43200,
            external_id="",
        )
        _sessions[made.access_key_id] = RoleSession(function.role, made.arn, made.user_id)
    return Credentials(made.access_key_id, made.secret_access_key, made.session_token)


def session_of(access_key: str) -> RoleSession | None:
    """The role session that an access key belongs to; None for every other caller."""
    return _sessions.get(access_key)


def role_policies(role_arn: str) -> tuple[Policy, ...]:
    """The role's inline and attached policies; empty if the role is gone (its sessions then may do nothing)."""
    with LOCK:
        role = _find_role(role_arn)
        if role is None:
            return ()
        versions = [version for policy in role.managed_policies.values() for version in policy.versions]
        attached = [version.document for version in versions if version.is_default]
        return tuple(json.loads(text) for text in (*role.policies.values(), *attached))


def role_trust(role_arn: str) -> Policy | None:
    """The role's trust policy; None if there is no such role."""
    with LOCK:
        role = _find_role(role_arn)
        return None if role is None else json.loads(role.assume_role_policy_document)


def _find_role(role_arn: str) -> Role | None:
    try:
        return iam_backends[ACCOUNT][role_arn.split(":")[1]].get_role(role_arn.rpartition("/")[2])
    except (NotFoundException, IndexError):
        return None


def find_bucket(name: str, region: str) -> FakeBucket | None:
    """The bucket as moto has it, in the region's partition; None if there is none."""
    with LOCK:
        return s3_backends[ACCOUNT][partition(region)].buckets.get(name)


def write_log(region: str, group: str, stream: str, events: tuple[str, ...]) -> None:
    """Appends log events, making group and stream where they are absent."""
    now = int(time.time() * 1000)
    with LOCK:
        backend = logs_backends[ACCOUNT][region]
        if group not in backend.groups:
            backend.create_log_group(group, {})
        backend.ensure_log_stream(group, stream)
        backend.put_log_events(group, stream, [{"timestamp": now, "message": event} for event in events])


def log_group_exists(region: str, group: str) -> bool:
    """True if the log group is there."""
    with LOCK:
        return group in logs_backends[ACCOUNT][region].groups
