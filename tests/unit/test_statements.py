"""Which statements of a function's policy AddPermission can say again."""

from collections.abc import Mapping

import pytest

from task_deployer.resources.statements import parameters

ALLOW = {"Sid": "one", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn"}
SAID = {"StatementId": "one", "Action": "lambda:InvokeFunction"}


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (
            {"Principal": {"Service": "sns.amazonaws.com"}, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:t"}}},
            {"Principal": "sns.amazonaws.com", "SourceArn": "arn:t"},
        ),
        (
            {
                "Principal": {"Service": "s3.amazonaws.com"},
                "Condition": {"StringEquals": {"AWS:SourceAccount": "1"}, "ArnLike": {"AWS:SourceArn": "arn:b"}},
            },
            {"Principal": "s3.amazonaws.com", "SourceAccount": "1", "SourceArn": "arn:b"},
        ),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, {"Principal": "arn:aws:iam::1:root"}),
        (
            {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
            {"Principal": "*", "PrincipalOrgID": "o-1"},
        ),
        (
            {"Principal": "*", "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}},
            {"Principal": "*", "FunctionUrlAuthType": "NONE"},
        ),
        (
            {"Principal": {"Service": "alexa.com"}, "Condition": {"StringEquals": {"lambda:EventSourceToken": "t"}}},
            {"Principal": "alexa.com", "EventSourceToken": "t"},
        ),
    ],
)
def test_what_it_can_say(statement: Mapping[str, object], given: Mapping[str, str]) -> None:
    """Every argument of AddPermission is read back from how Lambda stores it."""
    assert {**SAID, **given} == parameters({**ALLOW, **statement})


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": "*", "Effect": "Deny"},
        {"Principal": {"AWS": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]}},
        {"Principal": {"Federated": "x"}},
        {"Principal": "*", "Action": ["lambda:InvokeFunction", "lambda:GetFunction"]},
        {"Principal": "*", "Condition": {"StringNotEquals": {"AWS:SourceAccount": "1"}}},
        {"Principal": "*", "Condition": {"ArnLike": {"AWS:SourceArn": ["arn:a", "arn:b"]}}},
        {},
    ],
    ids=str,
)
def test_what_it_cannot_say(statement: Mapping[str, object]) -> None:
    """A statement of which a part would be lost is not said at all: it would allow more, or less, than it did."""
    assert parameters({**ALLOW, **statement}) is None
