import pytest

from task_deployer.encryption import Found, grants_of, in_full, is_alias, is_managed, key_statements
from task_deployer.policy import Statement, merge, parse
from tests.builders import ACCOUNT

READ, WRITTEN, SENT = "arn:aws:s3:::read", "arn:aws:s3:::written", "arn:aws:sqs:eu-central-1:123456789012:sent"
ONE, TWO = (f"arn:aws:kms:eu-central-1:123456789012:key/{number}" for number in (1, 2))
SID = "AllowLambdaUseKMS"
ALL = ("kms:Decrypt", "kms:GenerateDataKey")


def granted(found: Found) -> list[Statement]:
    """The statements that grant something, for a bucket that is read, one that is written, and a queue."""
    return [s for s in key_statements([READ], [WRITTEN, SENT], found) if s.resources]


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        ("1234", "arn:aws:kms:eu-central-1:123456789012:key/1234"),
        ("mrk-1234", "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234"),
        ("alias/mine", "arn:aws:kms:eu-central-1:123456789012:alias/mine"),
        ("arn:aws:kms:eu-central-1:210987654321:key/1", "arn:aws:kms:eu-central-1:210987654321:key/1"),
    ],
)
def test_a_key_by_any_name_has_an_arn(reference: str, arn: str) -> None:
    """An id, an alias or an ARN is told as an ARN, without a call."""
    assert in_full(reference, ACCOUNT) == arn


def test_aliases_and_keys_of_aws_are_told_apart() -> None:
    """An alias only stands for a key; those that begin with aws/ stand for keys that AWS manages."""
    theirs, mine = in_full("alias/aws/s3", ACCOUNT), in_full("alias/awsome", ACCOUNT)
    assert (is_alias(ONE), is_alias(mine), is_alias(theirs)) == (False, True, True)
    assert (is_managed(ONE), is_managed(mine), is_managed(theirs)) == (False, False, True)


def test_without_keys_nothing_is_granted() -> None:
    """Where no customer's key encrypts anything there is no statement."""
    assert granted(Found()) == []


def test_a_key_to_read_with() -> None:
    """What is only read needs kms:Decrypt alone."""
    assert granted(Found({READ: ONE})) == [Statement(SID, ("kms:Decrypt",), (ONE,))]


@pytest.mark.parametrize("thing", [WRITTEN, SENT])
def test_a_key_to_write_with(thing: str) -> None:
    """What is written or sent to needs kms:GenerateDataKey, and kms:Decrypt for multipart uploads and data keys."""
    assert granted(Found({thing: ONE})) == [Statement(SID, ALL, (ONE,))]


def test_one_key_for_everything_is_named_once() -> None:
    """A key that encrypts several things is granted once, with all that one of them needs."""
    assert granted(Found({READ: ONE, WRITTEN: ONE, SENT: ONE})) == [Statement(SID, ALL, (ONE,))]


def test_a_key_that_is_only_read_with_grants_no_writing() -> None:
    """Keys that are only read with stand apart from those that are written with too."""
    assert granted(Found({READ: ONE, SENT: TWO})) == [
        Statement(f"{SID}ToRead", ("kms:Decrypt",), (ONE,)),
        Statement(SID, ALL, (TWO,)),
    ]


@pytest.mark.parametrize("keys", [{}, {READ: ONE}, {SENT: TWO}, {READ: ONE, SENT: TWO}])
def test_grants_are_kept_as_they_were(keys: dict[str, str]) -> None:
    """What a policy grants on keys is read from it, and granted again where the keys are unknown now."""
    document = merge(key_statements([READ], [WRITTEN, SENT], Found(keys)))
    kept = {"ingest": grants_of(parse(document)), "other": {"arn:other": frozenset({"kms:Decrypt"})}}
    again = merge(key_statements([READ], [WRITTEN, SENT], Found(kept=kept).of("ingest")))
    assert again == document
