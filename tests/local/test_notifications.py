import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_deployer.local.notifications import Document, Entry, RefusedDocument, Target, parse, render

REGION = "eu-central-1"
FUNCTION = f"arn:aws:lambda:{REGION}:000000000000:function:f"


def entry(entry_id: str = "a", *events: str, prefix: str = "", suffix: str = "", arn: str = FUNCTION) -> Entry:
    """An entry for a function, or for a queue if the ARN is one's."""
    filters = tuple((name, value) for name, value in (("Prefix", prefix), ("Suffix", suffix)) if value)
    target = Target.QUEUE if ":sqs:" in arn else Target.FUNCTION
    return Entry(entry_id, target, arn, events or ("s3:ObjectCreated:*",), filters)


def reread(*entries: Entry, event_bridge: bool = False) -> Document:
    """What comes of writing the entries and reading them."""
    return parse(render(Document(entries, event_bridge)), region=REGION)


@given(
    ids=st.lists(st.text("abcdef-", min_size=1), unique=True, max_size=4),
    suffix=st.text("abc.&<é", min_size=1),
    event_bridge=st.booleans(),
)
def test_what_is_written_reads_back_the_same(ids: list[str], suffix: str, event_bridge: bool) -> None:  # noqa: FBT001 - hypothesis's
    """Writing and reading a document changes nothing: entries, order, filters and EventBridge."""
    entries = tuple(entry(one, prefix=f"{number}/", suffix=suffix) for number, one in enumerate(ids))
    assert Document(entries, event_bridge) == reread(*entries, event_bridge=event_bridge)


def test_filter_names_come_back_capitalised() -> None:
    """S3 takes `prefix` in any case and answers `Prefix`."""
    xml = render(Document((entry(prefix="in/"),))).replace(b"Prefix", b"PREFIX")
    assert parse(xml, region=REGION).entries[0].filters == (("Prefix", "in/"),)


@pytest.mark.parametrize(
    ("event", "key", "expected"),
    [
        ("s3:ObjectCreated:Put", "in/a.csv", True),
        ("s3:ObjectCreated:Copy", "in/b/c.csv", True),
        ("s3:ObjectRemoved:Delete", "in/a.csv", False),
        ("s3:ObjectCreated:Put", "out/a.csv", False),
        ("s3:ObjectCreated:Put", "in/a.txt", False),
    ],
)
def test_an_entry_covers_its_events_and_its_keys(event: str, key: str, expected: bool) -> None:  # noqa: FBT001 - a case's outcome
    """Event type (with wildcard), prefix and suffix must all fit."""
    assert expected is entry("a", "s3:ObjectCreated:*", prefix="in/", suffix=".csv").covers(event, key)


def test_filters_see_the_encoded_key() -> None:
    """A space in a prefix must be written `+`: S3 compares with the key as events show it."""
    assert entry(prefix="my+file").covers("s3:ObjectCreated:Put", "my file.csv")
    assert not entry(prefix="my file").covers("s3:ObjectCreated:Put", "my file.csv")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry("a", prefix="x"), entry("a", prefix="y")], "Same ID used"),
        ([entry("a", prefix="in/"), entry("b", prefix="in/sub/")], "ambiguously defined"),
        ([entry("a", "s3:ObjectCreated:*"), entry("b", "s3:ObjectCreated:Put", suffix=".csv")], "ambiguously defined"),
        ([entry(arn="arn:aws:lambda:us-east-1:000000000000:function:f")], "destination service region is not valid"),
        ([entry(arn=f"arn:aws:sqs:{REGION}:000000000000:q.fifo")], "FIFO SQS queues are not supported."),
        ([entry(arn="nonsense")], "The ARN could not be parsed"),
    ],
)
def test_s3_refuses_what_breaks_its_rules(entries: list[Entry], message: str) -> None:
    """Duplicate ids, overlapping rules, foreign regions, FIFO queues and broken ARNs are refused in S3's words."""
    with pytest.raises(RefusedDocument, match=message):
        reread(*entries)


def test_rules_for_different_keys_or_events_live_side_by_side() -> None:
    """Neither different suffixes under one prefix nor different event types overlap."""
    apart = (
        entry("a", "s3:ObjectCreated:*", prefix="in/", suffix=".csv"),
        entry("b", "s3:ObjectCreated:*", prefix="in/", suffix=".txt"),
        entry("c", "s3:ObjectRemoved:*", prefix="in/"),
    )
    assert reread(*apart).entries == apart
