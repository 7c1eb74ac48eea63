"""The Lambda function: its configuration, its code, its reserved concurrency."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.archive import Archive
from task_deployer.aws import Account, Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.log_group import LogGroup
from task_deployer.resources.ownership import is_ours, taken
from task_deployer.resources.rights import Rights
from task_deployer.resources.role import Role
from task_deployer.retry import FUNCTION_BUSY, ROLE_PROPAGATION, patiently, until_settled

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef, GetFunctionResponseTypeDef

ENTRY_POINT = "task_runtime.entry.handler"
_HIDDEN = "(a value that is not shown)"


@dataclass(frozen=True)
class SeenFunction:
    """A function as it is, in the words of GetFunction."""

    settings: Mapping[str, Value]
    environment: Mapping[str, str]
    code_sha256: str
    architecture: str
    concurrency: int | None
    status: str
    tags: Mapping[str, str]


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
    log_group: LogGroup
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
        return _seen(answer)

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
            patiently(aws.patience, ROLE_PROPAGATION, call)
        except ClientError as error:
            if code_of(error) != "ResourceConflictException" or "already exist" not in message_of(error):
                raise
            self._recognise(aws, error)
            return
        _settled(aws, self.name)
        if self.reserved_concurrency is not None:
            self._reserve(aws)

    def update(self, aws: Aws, seen: SeenFunction) -> None:
        """Bring code, then configuration, then the rest in line; after each of the first two AWS works on for a while."""
        paths = {difference.path for difference in self.diff(seen)}
        if seen.status in ("Pending", "InProgress"):
            _settled(aws, self.name)
        if paths & {"CodeSha256", "Architectures", "Status"}:
            self._update_code(aws)
        if any(path in self.settings or path.startswith("Environment.") for path in paths):
            self._update_settings(aws)
        if "ReservedConcurrentExecutions" in paths:
            self._reserve(aws)
        if any(path.startswith("Tags.") for path in paths):
            aws.lambda_.tag_resource(Resource=self.arn(aws.account), Tags=dict(self.tags))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        try:
            patiently(aws.patience, FUNCTION_BUSY, lambda: aws.lambda_.delete_function(FunctionName=identity["name"]))
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

        patiently(aws.patience, FUNCTION_BUSY, call)
        _settled(aws, self.name)

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

        patiently(aws.patience, ROLE_PROPAGATION, lambda: patiently(aws.patience, FUNCTION_BUSY, call))
        _settled(aws, self.name)

    def _reserve(self, aws: Aws) -> None:
        if self.reserved_concurrency is None:
            aws.lambda_.delete_function_concurrency(FunctionName=self.name)
        else:
            aws.lambda_.put_function_concurrency(
                FunctionName=self.name, ReservedConcurrentExecutions=self.reserved_concurrency
            )

    def _recognise(self, aws: Aws, error: ClientError) -> None:
        """Take a function that is ours for made (a repeated create meets its own first success); refuse any other."""
        seen = self.observe(aws, self.identity)
        if seen is None:
            raise error
        if not is_ours(seen.tags, self.tags):
            raise taken(f"The function {self.name}", seen.tags) from error
        self.update(aws, seen)


def _settled(aws: Aws, name: str) -> "FunctionConfigurationResponseTypeDef":
    """Wait for the last change to end; raise `ResourceError` with Lambda's own reason if it ended badly."""
    configuration = until_settled(aws.patience, aws.lambda_, name)
    for key in ("State", "LastUpdateStatus"):
        if configuration.get(key) == "Failed":
            raise ResourceError(
                f"Lambda could not make the function {name} ready: {configuration.get(f'{key}Reason', 'no reason given')}",
                code=str(configuration.get(f"{key}ReasonCode", "Failed")),
                detail="After a failed update the code from before it stays in use.",
                hint="Correct what Lambda names, then run the same command again.",
            )
    return configuration


def _seen(answer: "GetFunctionResponseTypeDef") -> SeenFunction:
    found = answer["Configuration"]
    environment = found.get("Environment", {})
    if environment.get("Error"):
        raise ResourceError(
            f"The environment of the function {found['FunctionName']} cannot be read",
            code=str(environment["Error"].get("ErrorCode", "AccessDenied")),
            detail=str(environment["Error"].get("Message", "")),
            hint="Whoever runs this needs kms:Decrypt on the function's key.",
        )
    keys = ("Role", "Handler", "Runtime", "MemorySize", "Timeout")
    settings: dict[str, Value] = {key: found.get(key) for key in keys}  # type: ignore[misc]  # plain values, by AWS's model
    settings["EphemeralStorage.Size"] = found.get("EphemeralStorage", {}).get("Size", 512)
    return SeenFunction(
        settings=settings,
        environment=environment.get("Variables", {}),
        code_sha256=found["CodeSha256"],
        architecture=found.get("Architectures", ["x86_64"])[0],
        concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        status=_status(found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")),
        tags=answer.get("Tags", {}),
    )


def _status(state: str, update: str) -> str:
    """`settled`, or the one word of AWS's that says why not. `Inactive` is a function that was idle for weeks: healthy."""
    if state in ("Pending", "Failed"):
        return state
    return update if update in ("InProgress", "Failed") else "settled"
