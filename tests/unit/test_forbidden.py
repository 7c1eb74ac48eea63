import json

import pytest

from task_deployer.errors import ResourceError
from task_deployer.forbidden import Denial, ForbiddenError, denial_of, together
from task_deployer.resources import Bucket, Cors, LogGroup, Queue, Role
from tests.builders import ACCOUNT

ROLE = "arn:aws:iam::123456789012:role/media-dev-ingest-eu-central-1"
BUCKET = "arn:aws:s3:::media"
SCP = "arn:aws:organizations::987654321098:policy/o-1/service_control_policy/p-1"
USER = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
PASS = f"{USER}iam:PassRole on resource: {ROLE} because no identity-based policy allows the iam:PassRole action"


def denied(action: str, *resources: str, operation: str = "CreateRole", words: str = "no") -> ForbiddenError:
    """A call that was forbidden, with all that is known of it."""
    return ForbiddenError(Denial(operation, "AccessDenied", words, action, resources), address=f"role.{action[-1]}")


def statements(text: str) -> list[dict[str, object]]:
    """The statements of the policy that a detail offers: the one line that is JSON."""
    (line,) = [line for line in text.splitlines() if line.startswith("{")]
    found = json.loads(line)["Statement"]
    assert isinstance(found, list)
    return found


def test_what_aws_says_is_told() -> None:
    """An action and a resource that AWS names are the right that is missing, with the statement that grants it."""
    error = ForbiddenError(denial_of("CreateFunction", "AccessDeniedException", PASS), request="request id r-1")
    assert error.summary == (
        f"CreateFunction is forbidden: iam:PassRole on {ROLE} (no identity-based policy allows it)"
    )
    assert error.detail.startswith(f"{PASS}\nrequest id r-1\n")
    assert statements(error.detail) == [{"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": [ROLE]}]
    assert error.hint == "Whoever runs this needs the IAM action iam:PassRole: see `task-deploy policy --deployer`."
    assert (error.code, error.exit_code) == ("AccessDeniedException", 1)


def test_s3_quotes_its_arns() -> None:
    """A resource in quotation marks, as S3 writes it, is the same ARN."""
    denial = denial_of("GetBucketCors", "AccessDenied", f'{USER}s3:GetBucketCORS on resource: "{BUCKET}" because')
    assert denial.resources == (BUCKET,)


@pytest.mark.parametrize(
    ("ending", "policy", "help_"),
    [
        (f"with an explicit deny in a service control policy: {SCP}", "service control policy", "AWS organization"),
        (
            "because no service control policy allows the iam:CreateRole action",
            "service control policy",
            "organization",
        ),
        ("due to an explicit deny in a Service Control Policy", "service control policy", "organization"),
        ("with an explicit deny in a resource control policy", "resource control policy", "organization"),
        ("with an explicit deny in a permissions boundary", "permissions boundary", "administrator to allow it there"),
        ("because no permissions boundary allows the iam:CreateRole action", "permissions boundary", "administrator"),
        ("because no session policy allows the iam:CreateRole action", "session policy", "issued with a narrower"),
        ("because no VPC endpoint policy allows the iam:CreateRole action", "vpc endpoint policy", "network"),
        ("with an explicit deny in a resource-based policy", "resource-based policy", "bucket policy"),
        ("with an explicit deny in an identity-based policy", "identity-based policy", "A Deny beats every Allow"),
        ("with an explicit deny", "", "A Deny beats every Allow"),
    ],
)
def test_what_no_right_can_allow_is_told_apart(ending: str, policy: str, help_: str) -> None:
    """Where a further right cannot help, none is offered: whom to ask is told instead."""
    error = ForbiddenError(
        denial_of("CreateRole", "AccessDenied", f"{USER}iam:CreateRole on resource: {ROLE} {ending}")
    )
    assert error.denial.policy == policy
    assert help_ in error.hint
    assert "needs the IAM action" not in error.hint
    assert '"Statement"' not in error.detail
    assert ending in error.detail


def test_the_policy_that_denies_is_named() -> None:
    """The ARN of the denying policy, where AWS gives it, is what to show the one who is asked."""
    words = f"{USER}iam:CreateRole on resource: {ROLE} with an explicit deny in a service control policy: {SCP}"
    assert SCP in ForbiddenError(denial_of("CreateRole", "AccessDenied", words)).hint


def test_no_second_way_to_lack_a_right() -> None:
    """An identity-based policy that allows nothing is a right that one can be given."""
    denial = denial_of("CreateFunction", "AccessDenied", PASS)
    assert (denial.policy, denial.explicit, denial.can_be_allowed) == ("identity-based policy", False, True)


@pytest.mark.parametrize(
    ("operation", "words", "kind", "identity", "action", "arns"),
    [
        ("PutBucketCors", "Access Denied", Cors, {"bucket": "media"}, "s3:PutBucketCORS", (BUCKET,)),
        ("CreateBucket", "Access Denied", Bucket, {"bucket": "media"}, "s3:CreateBucket", (BUCKET,)),
        ("DeleteObjects", "Access Denied", Bucket, {"bucket": "media"}, "s3:DeleteObjectVersion", (f"{BUCKET}/*",)),
        ("DeleteRole", "no", Role, {"name": "r", "path": "/x/"}, "iam:DeleteRole", (f"{ROLE[:31]}x/r",)),
        ("DescribeLogGroups", "no", LogGroup, {"name": "/l"}, "logs:DescribeLogGroups", ("*",)),
        ("CreateQueue", f"{USER}sqs:createqueue", Queue, {"url": "u", "arn": "arn:q"}, "sqs:CreateQueue", ("arn:q",)),
    ],
)
def test_what_aws_leaves_out(  # noqa: PLR0913, PLR0917 - one parameter a column
    operation: str, words: str, kind: type, identity: dict[str, str], action: str, arns: tuple[str, ...]
) -> None:
    """Where AWS names no action or resource, or misspells it, the kind whose verb made the call knows them."""
    bare = ForbiddenError(denial_of(operation, "AccessDenied", words))
    error = bare.about(kind.rights, kind.arns(ACCOUNT, identity))  # type: ignore[attr-defined]  # a kind each
    assert (error.denial.action, error.denial.resources) == (action, arns)
    assert f"{action} on {arns[0]}" in error.summary
    assert statements(error.detail) == [{"Effect": "Allow", "Action": [action], "Resource": list(arns)}]


def test_an_action_of_another_service_keeps_its_own_resource() -> None:
    """A right that is none of the kind's, as on a key, is not said to be about the kind's own ARN."""
    denial = Denial("GetFunction", "AccessDenied", "no", "kms:Decrypt").about(Queue.rights, ("arn:q",))
    assert (denial.action, denial.resources) == ("kms:Decrypt", ())


def test_one_refused_read_stands_for_itself() -> None:
    """A single refusal is told in its own words."""
    error = denied("iam:GetRole", ROLE)
    assert together([error]) is error


def test_all_refused_reads_are_told_at_once() -> None:
    """Each refused read is named with its right and its ARN; one policy allows them all."""
    other = ResourceError("the answer was odd", code="Odd", detail="why", hint="Look again.", address="toy.a")
    first, second = denied("iam:GetRole", ROLE), denied("iam:GetRolePolicy", ROLE, operation="GetRolePolicy")
    error = together([first, second, denied("s3:ListBucket", BUCKET), other])
    assert error.summary == "AWS refused 4 reads"
    for line in (f"role.e: {first.summary}", f"role.y: {second.summary}", "toy.a: the answer was odd", "    why"):
        assert line in error.detail.splitlines()
    assert statements(error.detail) == [
        {"Effect": "Allow", "Action": ["iam:GetRole", "iam:GetRolePolicy"], "Resource": [ROLE]},
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [BUCKET]},
    ]
    assert "needs the IAM actions iam:GetRole, iam:GetRolePolicy, s3:ListBucket: see" in error.hint
    assert error.hint.endswith("Look again.")
