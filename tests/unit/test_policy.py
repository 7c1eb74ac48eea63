import json

import pytest

from task_deployer.errors import ConfigError
from task_deployer.policy import (
    INLINE_LIMIT,
    VERSION,
    Document,
    Statement,
    by_statement,
    canonical,
    check_size,
    merge,
    text,
)

READ = Statement("Read", ("s3:GetObject",), ("arn:aws:s3:::one/*", "arn:aws:s3:::two/*"))


def document(**statement: object) -> Document:
    """A document with one statement."""
    return {"Version": VERSION, "Statement": [{"Effect": "Allow", **statement}]}


def test_merge_keeps_the_order() -> None:
    """A merged document has the statements in the order given, each rendered as IAM takes it."""
    other = Statement("Other", ("sqs:SendMessage",), ("arn:aws:sqs:eu-central-1:123456789012:q",))
    assert merge([READ, other]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::one/*", "arn:aws:s3:::two/*"],
            },
            {
                "Sid": "Other",
                "Effect": "Allow",
                "Action": ["sqs:SendMessage"],
                "Resource": ["arn:aws:sqs:eu-central-1:123456789012:q"],
            },
        ],
    }


def test_merge_leaves_out_what_grants_nothing() -> None:
    """A statement without a resource is left out: AWS takes no empty list."""
    assert merge([Statement("Nothing", ("s3:GetObject",), ()), READ]) == merge([READ])


def test_merge_refuses_one_id_twice() -> None:
    """Two statements with one id are refused here, as AWS would refuse the document."""
    with pytest.raises(ValueError, match="Read"):
        merge([READ, READ])


def test_every_condition_is_rendered() -> None:
    """Conditions of one operator stand together and none is lost: a lost one would widen the grant, or narrow it."""
    conditions = (
        ("StringEquals", "a", "1"),
        ("StringEquals", "b", "2"),
        ("ArnLike", "c", "3"),
        ("ArnEquals", "d", "4"),
        ("ArnEquals", "d", "5"),
    )
    merged = merge([Statement("S", ("iam:PassRole",), ("*",), conditions)])
    (statement,) = json.loads(text(merged))["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"a": "1", "b": "2"},
        "ArnLike": {"c": "3"},
        "ArnEquals": {"d": ["4", "5"]},
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(Action="s3:GetObject", Resource="*"), document(Action=["s3:GetObject"], Resource=["*"])),
        (document(Action=["a:B", "a:C"], Resource="*"), document(Resource="*", Action=["a:C", "a:B"])),
        (document(Action=["a:B", "a:B"], Resource="*"), document(Resource="*", Action="a:B")),
        (document(Principal={"Service": "s"}), document(Principal={"Service": ["s"]})),
        (document(Condition={"StringEquals": {"k": "v"}}), document(Condition={"StringEquals": {"k": ["v"]}})),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, {"Statement": [{"Effect": "Allow", "Action": ["*"]}]}),
    ],
)
def test_one_meaning_has_one_form(one: Document, other: Document) -> None:
    """Spellings that IAM treats alike are no difference."""
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    "other",
    [
        document(Action="s3:GetObject", Resource="arn:aws:s3:::b/*", Sid="S"),
        document(Action="s3:*", Resource="*", Sid="S"),
        document(Action="s3:GetObject", Resource="*", Sid="Another"),
        {"Version": VERSION, "Statement": [{"Effect": "Deny", "Sid": "S", "Action": "s3:GetObject", "Resource": "*"}]},
        document(Action="s3:GetObject", Resource="*", Sid="S", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        {"Version": VERSION, "Statement": []},
    ],
)
def test_another_meaning_has_another_form(other: Document) -> None:
    """Another action, resource, effect, id or condition is a difference."""
    assert canonical(document(Sid="S", Action="s3:GetObject", Resource="*")) != canonical(other)


def test_statements_in_words() -> None:
    """Each statement reads as a person would say it, by its id; without one, by its place."""
    deny = {"Effect": "Deny", "Action": ["s3:*"], "Resource": "*", "Condition": {"Bool": {"a": "b"}}}
    found: Document = {"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "a:B", "Resource": ["y", "x"]}, deny]}
    assert by_statement(found) == {"A": "a:B on x, y", "1": 'Deny s3:* on * if {"Condition": {"Bool": {"a": ["b"]}}}'}


def test_a_single_statement_needs_no_list() -> None:
    """A document whose statement is not in a list is read all the same."""
    assert by_statement({"Statement": {"Sid": "A", "Effect": "Allow", "Action": "a:B", "Resource": "x"}}) == {
        "A": "a:B on x"
    }


@pytest.mark.parametrize("excess", [0, 1])
def test_the_largest_document(excess: int) -> None:
    """A document of the limit's size passes, and one character more is refused with how much it is too large."""
    size = len(text(merge([Statement("S", ("a:B",), ("",))])))
    large = merge([Statement("S", ("a:B",), ("r" * (INLINE_LIMIT - size + excess),))])
    if not excess:
        check_size(large, "role_policy.ingest")
        return
    with pytest.raises(ConfigError, match=r"role_policy\.ingest would have 10241 characters, 1 more"):
        check_size(large, "role_policy.ingest")
