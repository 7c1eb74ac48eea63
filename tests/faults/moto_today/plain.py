"""Plain moto's server, and what the tests of its gaps begin with."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import ClientError

from tests.integration.account import ID, Account
from tests.integration.project import REGION

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef
    from mypy_boto3_s3.type_defs import TagTypeDef

TAG: "Final[TagTypeDef]" = {"Key": "colour", "Value": "blue"}


def trust(service: str) -> str:
    """The trust policy of a role for one service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with."""
    return error_of(call)[0]


def error_of(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the text of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@dataclass(frozen=True)
class Moto:
    """The account at the server, and a name for what one test makes there."""

    endpoint_url: str
    account: Account
    name: str

    def named(self, name: str) -> "Moto":
        """The same, with another name."""
        return replace(self, name=name)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a thing of this account, there or not."""
        return f"arn:aws:{service}:{REGION}:{ID}:{resource}"

    def role(self, service: str = "lambda.amazonaws.com") -> str:
        """Make the role that a service may assume; returns its ARN."""
        made = self.account.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust(service))
        return made["Role"]["Arn"]

    def function(self) -> "FunctionConfigurationResponseTypeDef":
        """Make the function, and its role before it."""
        return self.function_of(self.role())

    def function_of(self, role: str) -> "FunctionConfigurationResponseTypeDef":
        """Make the function with this role."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("handler.py", "def handle(event, context): ...\n")
        return self.account.lambda_.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Handler="handler.handle",
            Role=role,
            Code={"ZipFile": packed.getvalue()},
            LoggingConfig={"LogFormat": "JSON"},
        )

    def configuration(self) -> "FunctionConfigurationResponseTypeDef":
        """Read the function's configuration."""
        return self.account.lambda_.get_function_configuration(FunctionName=self.name)

    def permit(self, statement: str = "s3") -> None:
        """Let S3 invoke the function, under this statement id."""
        self.account.lambda_.add_permission(
            FunctionName=self.name, StatementId=statement, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )

    def statements(self) -> list[str]:
        """The statement ids of the function's own policy."""
        policy = json.loads(self.account.lambda_.get_policy(FunctionName=self.name)["Policy"])
        return [statement["Sid"] for statement in policy["Statement"]]

    def bucket(self) -> str:
        """Make the bucket; returns its name."""
        return self.account.bucket(self.name)

    def queue(self) -> str:
        """Make the queue; returns its URL."""
        return self.account.sqs.create_queue(QueueName=self.name)["QueueUrl"]
