"""What AWS's 403 means: which right is missing, on what, which sort of policy forbids it, and who can help. Pure.

AWS mostly says it all: "User: U is not authorized to perform: A on resource: R because no identity-based policy allows
the A action", or "... with an explicit deny in a service control policy: ARN" (IAM user guide, troubleshooting access
denied errors). S3 often says "Access Denied" alone, and HEAD nothing: then the operation and the kind's rights tell.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from task_deployer.errors import ResourceError
from task_deployer.policy import Statement, fitting, merge

if TYPE_CHECKING:
    from task_deployer.resources.rights import Rights

CODES = {"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
"""The error codes of a call that is forbidden. `403` is HEAD's, whose answer has no body."""

_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
_RESOURCE = re.compile(r'on resource: "?(arn:[^\s"]+)')
_POLICY = re.compile(
    r"(?P<how>an explicit deny|because no)(?: in an?| in the)? ?"
    r"(?P<sort>[\w -]*?(?:policy|permissions boundary))?(?:: (?P<arn>arn:\S+)|\b)",
    re.IGNORECASE,
)
_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "GetBucketCors": "s3:GetBucketCORS",
    "PutBucketCors": "s3:PutBucketCORS",
    "DeleteBucketCors": "s3:PutBucketCORS",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "ListObjectVersions": "s3:ListBucketVersions",
    "DeleteObjects": "s3:DeleteObjectVersion",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
}
"""S3's operations whose IAM actions have other names (Service Authorization Reference)."""

_HELP = {
    "service control policy": "No policy of this account can allow it: ask whoever administers the AWS organization.",
    "resource control policy": "No policy of this account can allow it: ask whoever administers the AWS organization.",
    "permissions boundary": "No right of one's own gets past a permissions boundary: ask the account's administrator "
    "to allow it there.",
    "session policy": "The credentials were issued with a narrower policy: get them without it, or with it in there.",
    "vpc endpoint policy": "Ask whoever administers the network to allow it there, or go around the endpoint.",
    "resource-based policy": "The thing's own policy forbids it, as a bucket policy does: ask whoever owns the thing.",
}
_DENY = "A Deny beats every Allow, so a further right does not help: ask the account's administrator to narrow it."
_WHOLE = "see `task-deploy policy --deployer`"


@dataclass(frozen=True)
class Denial:
    """One call that AWS forbade. `words` are AWS's own; `policy` is the sort of policy that forbids it, if one is told.

    `explicit`: a Deny forbids it, rather than the lack of an Allow. `policy_arn`: which one, if AWS tells.
    """

    operation: str
    code: str
    words: str = ""
    action: str = ""
    resources: tuple[str, ...] = ()
    policy: str = ""
    explicit: bool = False
    policy_arn: str = ""

    @property
    def can_be_allowed(self) -> bool:
        """Whether whoever runs the tool could do it with one more Allow in their own policies."""
        return not self.explicit and self.policy not in _HELP

    @property
    def help(self) -> str:
        """Who can do something about it, where a further right cannot."""
        return "" if self.can_be_allowed else _HELP.get(self.policy, _DENY)

    def about(self, rights: "Rights", arns: tuple[str, ...]) -> "Denial":
        """The same, with what AWS left out taken from the kind whose verb made the call."""
        known = rights.needed
        meant = (self.action or f":{self.operation}").lower()  # SQS writes sqs:createqueue
        action = next((right for right in known if right.lower().endswith(meant)), self.action)
        if self.resources or action not in known:
            return replace(self, action=action)
        return replace(self, action=action, resources=("*",) if action in rights.unlimited else fitting(action, arns))


class ForbiddenError(ResourceError):
    """AWS forbade one call. Says which right is missing on what, and who can help."""

    def __init__(self, denial: Denial, *, request: str = "", address: str | None = None) -> None:
        super().__init__(
            f"{denial.operation} is forbidden{_told(denial)}",
            code=denial.code,
            detail="\n".join(filter(None, (denial.words, request, *remedy([denial])))),
            hint=advice([denial]),
            address=address,
        )
        self.denial = denial
        self.request = request

    def about(self, rights: "Rights", arns: tuple[str, ...]) -> "ForbiddenError":
        """The same error, with what AWS left out taken from the kind whose verb made the call."""
        return ForbiddenError(self.denial.about(rights, arns), request=self.request, address=self.address)


def denial_of(operation: str, code: str, words: str) -> Denial:
    """Read what AWS says about a forbidden call."""
    action, resource, policy = _ACTION.search(words), _RESOURCE.search(words), _POLICY.search(words)
    return Denial(
        operation,
        code,
        words,
        action[1] if action else _ACTIONS.get(operation, ""),
        (resource[1],) if resource else (),
        (policy["sort"] or "").strip().lower() if policy else "",
        policy is not None and policy["how"].lower() != "because no",
        (policy["arn"] or "") if policy else "",
    )


def together(errors: Sequence[ResourceError]) -> ResourceError:
    """One error for all reads that were refused; a single one stands for itself."""
    if len(errors) == 1:
        return errors[0]
    denials = [error.denial for error in errors if isinstance(error, ForbiddenError)]
    lines = [f"{error.address}: {error.summary}\n{_indented(_cause(error))}" for error in errors]
    others = dict.fromkeys(error.hint for error in errors if not isinstance(error, ForbiddenError))
    return ResourceError(
        f"AWS refused {len(errors)} reads",
        code=errors[0].code,
        detail="\n".join([*lines, *remedy(denials), "Nothing was changed."]),
        hint=" ".join(filter(None, (advice(denials), *others))),
        address=errors[0].address,
    )


def _told(denial: Denial) -> str:
    on = f" on {', '.join(denial.resources)}" if denial.resources else ""
    by = f" (an explicit deny in a {denial.policy or 'policy'})" if denial.explicit else ""
    by = by or (f" (no {denial.policy} allows it)" if denial.policy else "")
    return f": {denial.action}{on}{by}" if denial.action else by


def _cause(error: ResourceError) -> str:
    if isinstance(error, ForbiddenError):
        return "\n".join(filter(None, (error.denial.words, error.request)))
    return error.detail


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def remedy(denials: Iterable[Denial]) -> tuple[str, ...]:
    """The policy that allows what can be allowed, as JSON on one line to be copied."""
    missing = [d for d in denials if d.can_be_allowed and d.action and d.resources]
    if not missing:
        return ()
    actions: dict[tuple[str, ...], dict[str, None]] = {}
    arns: dict[str, dict[str, None]] = {}
    for denial in missing:
        arns.setdefault(denial.action, {}).update(dict.fromkeys(denial.resources))
    for action, on in arns.items():
        actions.setdefault(tuple(on), {})[action] = None
    statements = (Statement("", tuple(names), resources) for resources, names in actions.items())
    return ("A policy that allows it:", json.dumps(merge(statements)))


def advice(denials: Sequence[Denial]) -> str:
    """What to do next; AWS says nothing of the cause on some calls, then a missing right is the likeliest."""
    named = dict.fromkeys(d.action or f"for {d.operation}" for d in denials if d.can_be_allowed)
    word = "action" if len(named) == 1 else "actions"
    needs = f"Whoever runs this needs the IAM {word} {', '.join(named)}: {_WHOLE}." if named else ""
    barred = dict.fromkeys(d.help + (f" The policy: {d.policy_arn}" if d.policy_arn else "") for d in denials)
    return " ".join(filter(None, (needs, *barred)))
