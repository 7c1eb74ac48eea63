"""What Lambda does with an event whose invocation failed: how often and how long it tries, and where it goes then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.function import Function
from task_deployer.resources.queue import Queue
from task_deployer.resources.rights import Rights
from task_deployer.resources.role_policy import RolePolicy
from task_deployer.retry import DESTINATION_VALID, FUNCTION_BUSY, FUNCTION_VISIBLE, patiently

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import DestinationConfigTypeDef

Settings = Mapping[str, Value]


@dataclass(frozen=True)
class InvokeConfig(Resource[Settings]):
    """The asynchronous invoke configuration. Lambda checks the role's policy when it is written."""

    kind: ClassVar[str] = "invoke_config"
    goes_with: ClassVar[str | None] = "function"
    rights: ClassVar[Rights] = Rights(
        read=("lambda:GetFunctionEventInvokeConfig",),
        write=("lambda:PutFunctionEventInvokeConfig",),
        delete=("lambda:DeleteFunctionEventInvokeConfig",),
    )
    scope: str
    function: Function
    role_policy: RolePolicy
    retry_attempts: int
    max_event_age_seconds: int
    failure_queue: Queue | None
    failure_queue_arn: str | None

    @property
    def identity(self) -> Identity:
        return {"function": self.function.name}

    @property
    def settings(self) -> Settings:
        """The settings as wanted, flat, in AWS's words."""
        return {
            "MaximumRetryAttempts": self.retry_attempts,
            "MaximumEventAgeInSeconds": self.max_event_age_seconds,
            "OnFailure": self.failure_queue_arn,
        }

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.arn("lambda", f"function:{identity['function']}"),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> Settings | None:
        try:
            found = aws.lambda_.get_function_event_invoke_config(FunctionName=identity["function"])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
        return {
            "MaximumRetryAttempts": found.get("MaximumRetryAttempts"),
            "MaximumEventAgeInSeconds": found.get("MaximumEventAgeInSeconds"),
            "OnFailure": found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        }

    def diff(self, seen: Settings) -> tuple[Difference, ...]:
        return differing(self.settings, seen)

    def create(self, aws: Aws) -> None:
        """Put the whole document; it replaces what it leaves out, a destination too."""
        destinations: DestinationConfigTypeDef = {"OnFailure": {}}
        if self.failure_queue_arn is not None:
            destinations["OnFailure"] = {"Destination": self.failure_queue_arn}

        def call() -> None:
            aws.lambda_.put_function_event_invoke_config(
                FunctionName=self.function.name,
                MaximumRetryAttempts=self.retry_attempts,
                MaximumEventAgeInSeconds=self.max_event_age_seconds,
                DestinationConfig=destinations,
            )

        def seen() -> None:
            patiently(aws.patience, FUNCTION_VISIBLE, lambda: patiently(aws.patience, FUNCTION_BUSY, call))

        patiently(aws.patience, DESTINATION_VALID, seen)

    def update(self, aws: Aws, seen: Settings) -> None:  # noqa: ARG002 - the whole document is ours
        self.create(aws)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        def call() -> None:
            aws.lambda_.delete_function_event_invoke_config(FunctionName=identity["function"])

        try:
            patiently(aws.patience, FUNCTION_BUSY, call)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
