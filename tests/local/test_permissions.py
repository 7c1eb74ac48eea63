import pytest

from task_deployer.local.permissions import Verdict, judge, matches, trusts

BUCKET = "arn:aws:s3:::media"


def document(*statements: dict[str, object]) -> dict[str, object]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_an_action_nobody_mentions_is_not_allowed() -> None:
    """Without a statement that covers action and resource, nothing is allowed."""
    policies = [document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"})]
    assert judge(policies, "s3:GetObject", f"{BUCKET}/a/b") is Verdict.ALLOWED
    assert judge(policies, "s3:PutObject", f"{BUCKET}/a/b") is Verdict.UNMENTIONED
    assert judge(policies, "s3:GetObject", "arn:aws:s3:::other/a") is Verdict.UNMENTIONED
    assert judge([], "s3:GetObject", f"{BUCKET}/a") is Verdict.UNMENTIONED


def test_an_explicit_deny_beats_every_allow() -> None:
    """A deny wins wherever it stands, in whichever document."""
    allow = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    deny = document({"Effect": "Deny", "Action": ["s3:Delete*"], "Resource": "*"})
    for policies in ([allow, deny], [deny, allow]):
        assert judge(policies, "s3:DeleteObject", f"{BUCKET}/a") is Verdict.DENIED
        assert judge(policies, "s3:GetObject", f"{BUCKET}/a") is Verdict.ALLOWED


def test_actions_ignore_case_and_resources_do_not() -> None:
    """IAM compares action names without case and ARNs with it."""
    policies = [document({"Effect": "Allow", "Action": "S3:getobject", "Resource": BUCKET})]
    assert judge(policies, "s3:GetObject", BUCKET) is Verdict.ALLOWED
    assert judge(policies, "s3:GetObject", BUCKET.upper()) is Verdict.UNMENTIONED


def test_not_action_covers_what_it_does_not_name() -> None:
    """NotAction and NotResource cover everything but what they name."""
    policies = [document({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{BUCKET}/secret/*"})]
    assert judge(policies, "s3:GetObject", f"{BUCKET}/a") is Verdict.ALLOWED
    assert judge(policies, "iam:GetRole", "*") is Verdict.UNMENTIONED
    assert judge(policies, "s3:GetObject", f"{BUCKET}/secret/a") is Verdict.UNMENTIONED


def test_a_document_may_hold_one_statement_without_a_list() -> None:
    """Statement is one object or a list of them."""
    policy = {"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
    assert judge([policy], "sqs:SendMessage", "arn:aws:sqs:eu-central-1:000000000000:q") is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [("a*", "abc", True), ("a?c", "abc", True), ("a?c", "abbc", False), ("a.c", "abc", False), ("[ab]", "a", False)],
)
def test_a_pattern_has_two_wildcards_and_no_others(pattern: str, value: str, expected: bool) -> None:  # noqa: FBT001 - a case's outcome
    """`*` is any run, `?` any one character, and all else is itself."""
    assert matches(pattern, value) is expected


PERMISSION: dict[str, object] = {
    "Sid": "x",
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": "arn:aws:lambda:eu-central-1:000000000000:function:f",
    "Condition": {
        "ArnLike": {"AWS:SourceArn": BUCKET},
        "StringEquals": {"AWS:SourceAccount": "000000000000"},
    },
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Principal": "*", "Condition": {}}, True),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::other"}}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "111111111111"}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
    ],
)
def test_s3_is_trusted_only_by_a_statement_that_names_it_and_the_bucket(
    change: dict[str, object],
    expected: bool,  # noqa: FBT001 - a case's outcome
) -> None:
    """Principal, action, SourceArn and SourceAccount must all fit; a condition that cannot be shown does not hold."""
    statement = PERMISSION | change
    context = {"aws:sourcearn": BUCKET, "aws:sourceaccount": "000000000000"}
    assert expected is trusts([statement], service="s3.amazonaws.com", action="lambda:InvokeFunction", context=context)
