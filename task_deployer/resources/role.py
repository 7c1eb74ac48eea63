"""The role that a function runs under, and who may take it on: Lambda."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from task_deployer import policy
from task_deployer.aws import Account, Aws
from task_deployer.errors import ResourceError
from task_deployer.names import POLICY
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Difference, Identity, Resource, differing
from task_deployer.resources.ownership import recognised
from task_deployer.resources.rights import Rights
from task_deployer.retry import ROLE_BUSY, ROLE_IN_USE, ROLE_VISIBLE, patiently
from task_deployer.tags import as_pairs

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import CreateRoleRequestTypeDef

TRUST: policy.Document = {
    "Version": policy.VERSION,
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class SeenRole:
    """A role as it is. `trust` is the policy document that says who may assume it.

    `unique_id` is AWS's own, `AROA...`: a role made anew under the same name has another.
    """

    path: str
    trust: Mapping[str, object]
    boundary: str | None
    tags: Mapping[str, str]
    unique_id: str = ""


@dataclass(frozen=True)
class Role(Resource[SeenRole]):
    """One role. Its path cannot be changed."""

    kind: ClassVar[str] = "role"
    made_by: ClassVar[str] = "CreateRole"
    exclusive: ClassVar[bool] = True
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("iam:GetRole", "iam:ListRoleTags"),
        write=(
            "iam:CreateRole",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
        ),
        delete=("iam:DeleteRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"),
    )
    scope: str
    name: str
    tags: Mapping[str, str]
    path: str = "/"
    boundary: str | None = None

    @property
    def identity(self) -> Identity:
        return {"name": self.name, "path": self.path}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.iam_arn(f"role{identity['path']}{identity['name']}"),)

    def arn(self, account: Account) -> str:
        """The role's ARN; its path is part of it."""
        return self.arns(account, self.identity)[0]

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenRole | None:
        try:
            role = aws.iam.get_role(RoleName=identity["name"])["Role"]
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return None
            raise
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        trust: Mapping[str, object] = role["AssumeRolePolicyDocument"]  # type: ignore[assignment]  # botocore decodes it
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        return SeenRole(role["Path"], trust, boundary, tags, role["RoleId"])

    def diff(self, seen: SeenRole) -> tuple[Difference, ...]:
        path = () if seen.path == self.path else (Difference("Path", self.path, seen.path, fixed=True),)
        trusted = policy.canonical(seen.trust) == policy.canonical(TRUST)
        trust = () if trusted else (Difference("AssumeRolePolicyDocument", "lambda.amazonaws.com", "another policy"),)
        boundary = differing({"PermissionsBoundary": self.boundary}, {"PermissionsBoundary": seen.boundary})
        return (*path, *trust, *boundary, *differing(self.tags, seen.tags, "Tags."))

    def create(self, aws: Aws) -> None:
        wanted: CreateRoleRequestTypeDef = {
            "RoleName": self.name,
            "Path": self.path,
            "AssumeRolePolicyDocument": policy.text(TRUST),
            "Tags": as_pairs(self.tags),
        }
        if self.boundary is not None:
            wanted["PermissionsBoundary"] = self.boundary
        try:
            with self._bounded():
                unless_busy(aws, lambda: aws.iam.create_role(**wanted))
        except ClientError as error:
            if code_of(error) != "EntityAlreadyExists":
                raise
            self.update(
                aws, recognised(aws, self, f"the role {self.name}", partial(self.observe, aws, self.identity), error)
            )

    def update(self, aws: Aws, seen: SeenRole) -> None:
        """Write what differs; where nothing does, all that the config tells: the look may be from before a write."""
        patiently(aws.patience, ROLE_VISIBLE, lambda: self._update(aws, seen))

    def _update(self, aws: Aws, seen: SeenRole) -> None:
        iam, name, whole = aws.iam, self.name, not self.diff(seen)
        if policy.canonical(seen.trust) != policy.canonical(TRUST):
            unless_busy(aws, partial(iam.update_assume_role_policy, RoleName=name, PolicyDocument=policy.text(TRUST)))
        if self.boundary is None and seen.boundary is not None:
            unless_busy(aws, partial(iam.delete_role_permissions_boundary, RoleName=name))
        elif self.boundary is not None and (whole or seen.boundary != self.boundary):
            with self._bounded():
                put = partial(iam.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=self.boundary)
                unless_busy(aws, put)
        if whole or differing(self.tags, seen.tags):
            unless_busy(aws, partial(iam.tag_role, RoleName=name, Tags=as_pairs(self.tags)))

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Tell a boundary that IAM does not take as such. The code for a missing one is that for a missing role."""
        try:
            yield
        except ClientError as error:
            if self.boundary is None or not _is_about(self.boundary, error):
                raise
            raise ResourceError(
                f"The role {self.name} cannot have the permissions boundary {self.boundary}",
                code=code_of(error),
                detail=message_of(error),
                hint="Name another policy as `permissions_boundary` of the task, or make that one; then run the same "
                "command again.",
            ) from error

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        name = identity["name"]
        try:
            patiently(aws.patience, ROLE_IN_USE, lambda: _delete(aws, name))
        except ClientError as error:
            inline = _inline(aws, name) if code_of(error) == "DeleteConflict" else []
            if inline:
                raise _conflict(name, inline) from error
            raise


def unless_busy(aws: Aws, call: Callable[[], object]) -> None:
    """Change a role, once IAM has ended another change of it."""
    patiently(aws.patience, ROLE_BUSY, call)


def _is_about(boundary: str, error: ClientError) -> bool:
    """Whether IAM refuses the boundary: its ARN, its policy, or its sort of policy."""
    code = code_of(error)
    refused = code in ("NoSuchEntity", "InvalidInput", "ValidationError") and boundary in message_of(error)
    return refused or code == "PolicyNotAttachable"


def _delete(aws: Aws, name: str) -> None:
    """Delete the role. A conflict is worth waiting for, unless something of others hangs on it.

    IAM may show an inline policy for a while after its deletion, so only an attached one is surely of others. It may
    also have hidden ours when that was to be deleted: then it goes now.
    """
    try:
        unless_busy(aws, lambda: aws.iam.delete_role(RoleName=name))
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return
        attached = _attached(aws, name) if code_of(error) == "DeleteConflict" else []
        if attached:
            raise _conflict(name, attached) from error
        if code_of(error) == "DeleteConflict" and POLICY in _inline(aws, name):
            delete_inline(aws, name, POLICY)
        raise


def delete_inline(aws: Aws, role: str, policy_name: str) -> None:
    """Delete an inline policy of a role. One that is not there is done."""
    try:
        unless_busy(aws, lambda: aws.iam.delete_role_policy(RoleName=role, PolicyName=policy_name))
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise


def _attached(aws: Aws, name: str) -> list[str]:
    pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return [policy["PolicyName"] for page in pages for policy in page["AttachedPolicies"]]


def _inline(aws: Aws, name: str) -> list[str]:
    pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]


def _conflict(name: str, policies: list[str]) -> ResourceError:
    return ResourceError(
        f"The role {name} has policies that are not ours: {', '.join(policies)}",
        code="DeleteConflict",
        detail="IAM deletes no role that has policies.",
        hint="Detach or delete them, then run the same command again.",
    )
