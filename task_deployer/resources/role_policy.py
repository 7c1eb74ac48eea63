"""The one inline policy of a role, merged from what the task's buckets and topics need."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer import policy
from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource
from task_deployer.resources.policy_difference import policy_differences
from task_deployer.resources.rights import Rights
from task_deployer.resources.role import Role, delete_inline, unless_busy
from task_deployer.retry import ROLE_VISIBLE, patiently

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class RolePolicy(Resource[policy.Document]):
    """One inline policy. Its name is ours, so is the whole document."""

    kind: ClassVar[str] = "role_policy"
    outlives: ClassVar[tuple[str, ...]] = ("function",)  # a function that could not be deleted goes on working
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("iam:GetRolePolicy",), write=("iam:PutRolePolicy",), delete=("iam:DeleteRolePolicy",)
    )
    scope: str
    role: Role
    name: str
    document: policy.Document

    @property
    def identity(self) -> Identity:
        return {"role": self.role.name, "path": self.role.path, "policy": self.name}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.iam_arn(f"role{identity['path']}{identity['role']}"),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> policy.Document | None:
        try:
            answer = aws.iam.get_role_policy(RoleName=identity["role"], PolicyName=identity["policy"])
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return None
            raise
        document: Mapping[str, object] = answer["PolicyDocument"]  # type: ignore[assignment]  # botocore decodes it
        return document

    def diff(self, seen: policy.Document) -> tuple[Difference, ...]:
        return policy_differences(self.document, seen)

    def create(self, aws: Aws) -> None:
        def call() -> None:
            aws.iam.put_role_policy(
                RoleName=self.role.name, PolicyName=self.name, PolicyDocument=policy.text(self.document)
            )

        patiently(aws.patience, ROLE_VISIBLE, lambda: unless_busy(aws, call))

    def update(self, aws: Aws, seen: policy.Document) -> None:  # noqa: ARG002 - the whole document is ours
        self.create(aws)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        delete_inline(aws, identity["role"], identity["policy"])
