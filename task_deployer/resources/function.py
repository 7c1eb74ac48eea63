"""The Lambda function: its configuration, its code, its reserved concurrency."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.archive import Archive
from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of, message_of
from task_deployer.resources import function_concurrency as concurrency
from task_deployer.resources import function_environment as environment
from task_deployer.resources import published, statements
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.outgoing_queue import OutgoingQueue
from task_deployer.resources.ownership import recognised
from task_deployer.resources.queue import Queue
from task_deployer.resources.rights import Rights
from task_deployer.resources.role import Role
from task_deployer.resources.seen_function import SeenFunction, is_going, once_ready, seen_function, wait_until_settled
from task_deployer.retry import FUNCTION_BUSY, ROLE_PROPAGATION, VISIBILITY_SEEN, patiently

ENTRY_POINT = "task_runtime.entry.handler"


@dataclass(frozen=True)
class Function(Resource[SeenFunction]):
    """One function. `settings` are those of UpdateFunctionConfiguration that are plain values."""

    kind: ClassVar[str] = "function"
    made_by: ClassVar[str] = "CreateFunction"
    exclusive: ClassVar[bool] = True
    vanishes: ClassVar[bool] = True  # or it says that it is going
    rights: ClassVar[Rights] = Rights(
        read=("lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:ListTags"),
        write=(
            "lambda:CreateFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:PutFunctionConcurrency",
            "lambda:DeleteFunctionConcurrency",
            "lambda:TagResource",
            *("lambda:DeleteFunction", *statements.ACTIONS),  # one that outlived its role is made anew
        ),
        delete=("lambda:DeleteFunction",),
        replacing=published.ACTIONS,
        explaining=("lambda:GetPolicy",),
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
    reads: tuple[Queue, ...] = ()
    """The queues whose messages run it. Lambda takes no timeout above the time for which they hide a message."""
    outgoing: tuple[OutgoingQueue, ...] = ()
    """Those that the config no longer names, where they hide a message for less than the timeout."""

    @property
    def identity(self) -> Identity:
        return {"name": self.name}

    @property
    def bound_to(self) -> Role:
        """The role: Lambda keeps a grant for the very one that it was given (terraform-provider-aws #6352)."""
        return self.role

    def is_bound(self, seen: object) -> bool:
        """Whether the function runs under the role of this name."""
        return isinstance(seen, SeenFunction) and seen.settings.get("Role") == self.role_arn

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
        return None if is_going(answer) else seen_function(answer)

    def diff(self, seen: SeenFunction) -> tuple[Difference, ...]:
        code = differing({"CodeSha256": self.archive.sha256}, {"CodeSha256": seen.code_sha256})
        architecture = differing({"Architectures": self.architecture}, {"Architectures": seen.architecture})
        reserved = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return (
            *differing(self.settings, seen.settings),
            *environment.differences(self.environment, seen.environment, self.shown),
            *architecture,
            *code,
            *differing(reserved, {"ReservedConcurrentExecutions": seen.concurrency}),
            *differing({"Status": "settled"}, {"Status": seen.status}),
            *differing(self.tags, seen.tags, "Tags."),
        )

    def create(self, aws: Aws) -> None:
        def call() -> None:
            with self._alone_on_the_line(aws):
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
            environment.sent(self.name, lambda: _once_the_role_is_known(aws, call))
        except ClientError as error:
            if code_of(error) != "ResourceConflictException" or "already exist" not in message_of(error):
                raise
            look = partial(self.observe, aws, self.identity)
            self.update(aws, recognised(aws, self, f"the function {self.name}", look, error))
            return
        wait_until_settled(aws, self.name)
        if self.reserved_concurrency is not None:
            concurrency.reserve(aws, self.name, self.reserved_concurrency)

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
        if any(path.startswith("Tags.") for path in paths):
            self._tag(aws)
        if "ReservedConcurrentExecutions" in paths:
            concurrency.reserve(aws, self.name, self.reserved_concurrency)

    def make_anew(self, aws: Aws) -> None:
        statements.keeping_statements(aws, self.name, partial(super().make_anew, aws))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        try:
            patiently(aws.patience, FUNCTION_BUSY, partial(aws.lambda_.delete_function, FunctionName=identity["name"]))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise

    def _update_code(self, aws: Aws) -> None:
        def call() -> None:
            with self._alone_on_the_line(aws):
                aws.lambda_.update_function_code(
                    FunctionName=self.name,
                    ZipFile=self.archive.content,
                    Architectures=[self.architecture],  # type: ignore[list-item]  # checked by the config
                )

        once_ready(aws, call)
        wait_until_settled(aws, self.name)

    def _alone_on_the_line(self, aws: Aws) -> AbstractContextManager[None]:
        return aws.uploads.turn(aws.patience, self.name, len(self.archive.content))

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

        def patient() -> None:
            patiently(aws.patience, VISIBILITY_SEEN, call)

        for queue in self.outgoing:
            queue.widen(aws)
        environment.sent(self.name, lambda: _once_the_role_is_known(aws, patient))
        wait_until_settled(aws, self.name)

    def _tag(self, aws: Aws) -> None:
        def call() -> None:
            aws.lambda_.tag_resource(Resource=self.arn(aws.account), Tags=dict(self.tags))

        once_ready(aws, call)


def _once_the_role_is_known(aws: Aws, call: Callable[[], None]) -> None:
    patiently(aws.patience, ROLE_PROPAGATION, lambda: once_ready(aws, call))
