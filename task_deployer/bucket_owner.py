"""What the owner of a bucket of another account has to allow, as a policy for that bucket, ready to be sent. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from task_deployer.aws import Account
from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.forbidden import CODES
from task_deployer.plan import Desired
from task_deployer.policy import VERSION, Document, parse
from task_deployer.resources import Bucket, Cors, Notifications, Role, RolePolicy
from task_deployer.resources.base import Address
from task_deployer.resources.bucket_traits import TRAITS


def owner_policies(desired: Sequence[Desired], account: Account) -> Mapping[str, Document]:
    """Make one bucket policy for each bucket of another account that the stack attaches to, by the bucket's name.

    The principal is our account, so that our own policies decide who of us may; the roles are told by a condition. A
    role as the principal would have to exist beforehand, and be lost when it is made anew: S3 keeps its id (IAM user
    guide, "AWS JSON policy elements: Principal").
    """
    names = dict.fromkeys(r.name for r in desired if isinstance(r, Bucket) and r.owner is not None)
    return {
        name: {"Version": VERSION, "Statement": list(_statements(name, desired, account))}  # one a purpose
        for name in names
    }


def asking(desired: Sequence[Desired], seen: Mapping[Address, object], account: Account) -> dict[Address, object]:
    """The same readings; one that the owner of a bucket refused says what to ask for."""
    policies = owner_policies(desired, account)
    buckets = {r.address: r for r in desired if isinstance(r, Bucket)}
    buckets |= {r.address: r.bucket for r in desired if isinstance(r, Cors | Notifications)}

    def told(address: Address, value: object) -> object:
        bucket = buckets.get(address)
        if not isinstance(value, Unreadable) or bucket is None or bucket.name not in policies:
            return value
        if value.error.code not in CODES:
            return value
        return Unreadable(_with_policy(value.error, bucket, policies[bucket.name]))

    return {address: told(address, value) for address, value in seen.items()}


def _with_policy(error: ResourceError, bucket: Bucket, policy: Document) -> ResourceError:
    ask = f"The policy of the bucket {bucket.name} needs these statements, which account {bucket.owner} can add:"
    return ResourceError(
        error.summary,
        code=error.code,
        detail=f"{error.detail}\n{ask}\n{json.dumps(policy, indent=2)}",
        hint=error.hint,
        address=error.address,
    )


def _statements(name: str, desired: Sequence[Desired], account: Account) -> Iterator[Mapping[str, object]]:
    """What whoever runs the tool does with the bucket, and what the role of each task may do with its objects."""
    arn, principal = account.bucket_arn(name), {"AWS": account.iam_arn("root")}
    actions = ["s3:ListBucket", *(trait.action for trait in TRAITS)]
    for resource in desired:
        if isinstance(resource, Cors | Notifications) and resource.bucket.name == name:
            actions += [*resource.rights.read, *resource.rights.write]
    allow = {"Effect": "Allow", "Principal": principal}
    yield {"Sid": "SetUp", **allow, "Action": list(dict.fromkeys(actions)), "Resource": [arn]}
    roles = {r.scope: r.arn(account) for r in desired if isinstance(r, Role)}
    purposes: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for resource in desired:
        for statement in parse(resource.document) if isinstance(resource, RolePolicy) else ():
            resources = [one for one in statement.resources if one in (arn, f"{arn}/*")]
            if resources:
                purposes.setdefault(statement.sid, ([*statement.actions], resources, []))[2].append(
                    roles[resource.scope]
                )
    for sid, (allowed, resources, arns) in purposes.items():
        condition = {"ArnEquals": {"aws:PrincipalArn": arns}}
        yield {"Sid": sid, **allow, "Action": allowed, "Resource": resources, "Condition": condition}
