from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_runtime.events import EventError, decode_key, label, parse
from tests.unit.runtime.samples import patient, record


def test_a_creation_is_parsed_field_by_field() -> None:
    """Every field of an ObjectEvent comes from its place in S3's record, and `raw` is that record."""
    given_record = record("in/a b.csv", version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko")
    seen = parse(given_record)
    assert seen.name == "ObjectCreated:Put"
    assert seen.key == "in/a b.csv"
    assert seen.bucket_name == "my-bucket"
    assert seen.bucket_arn == "arn:aws:s3:::my-bucket"
    assert seen.region == "eu-central-1"
    assert seen.time == datetime(2026, 11, 23, 9, 15, 30, 123_000, tzinfo=UTC)
    assert seen.size == 1024
    assert seen.etag == "d41d8cd98f00b204e9800998ecf8427e"
    assert seen.version_id == "096fKKXTRTtl3on89fVO.nfljtsv6qko"
    assert seen.sequencer == "0A1B2C3D4E5F678901"
    assert seen.request_id == "D82B88E5F771F645"
    assert seen.raw is given_record


def test_what_s3_leaves_out_is_none() -> None:
    """A removal in an unversioned bucket has no size, etag or version, and a record may lack a request id."""
    bare = record(name="ObjectRemoved:Delete", sequencer=None)
    del bare["responseElements"]
    seen = parse(bare)
    assert (seen.size, seen.etag, seen.version_id, seen.sequencer, seen.request_id) == (None, None, None, None, None)


def test_time_is_aware() -> None:
    """The event's time can be compared with other aware times, because S3 gives it in UTC."""
    assert parse(record()).time.utcoffset() == timedelta(0)


def test_the_prefix_of_the_configuration_is_no_part_of_the_name() -> None:
    """A name with `s3:`, as configurations spell it, is the name without it, as S3 sends it."""
    assert parse(record(name="s3:ObjectCreated:Copy")).name == "ObjectCreated:Copy"


@patient
@given(st.text(min_size=1))
def test_any_key_survives_the_encoding(key: str) -> None:
    """Whatever the key, decoding what a form encoder made of it gives the key back."""
    assert decode_key(quote_plus(key)) == key


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("red+flower.jpg", "red flower.jpg"),
        ("a%2Bb", "a+b"),
        ("100%25.csv", "100%.csv"),
        ("%252B", "%2B"),
        ("in/gr%C3%BC%C3%9Fe.csv", "in/grüße.csv"),
        ("user%40example.com", "user@example.com"),
    ],
)
def test_a_key_is_decoded_exactly_once(encoded: str, key: str) -> None:
    """A plus is a space, an escape is its character, and what comes out is not decoded again."""
    assert decode_key(encoded) == key


@pytest.mark.parametrize("encoded", ["%zz", "50%", "a%2", "%C3", "%ff", "%ED%A0%80"])
def test_what_no_encoder_made_is_refused(encoded: str) -> None:
    """An escape without two hex digits, and bytes that are no UTF-8, are errors that show the key as it came."""
    with pytest.raises(EventError, match="the key") as refused:
        decode_key(encoded)
    assert repr(encoded) in str(refused.value)


@pytest.mark.parametrize("name", ["eventName", "eventTime", "awsRegion", "s3"])
def test_a_missing_field_is_named(name: str) -> None:
    """A record without a field that S3 always gives is refused with that field's name."""
    broken = record()
    del broken[name]
    with pytest.raises(EventError, match=rf"the record has no {name}"):
        parse(broken)


@pytest.mark.parametrize("time", ["yesterday", "2026-11-23T09:15:30", 1_764_000_000])
def test_a_time_that_says_no_instant_is_refused(time: object) -> None:
    """An eventTime that is no ISO-8601 text with a time zone is refused, and shown."""
    with pytest.raises(EventError, match=f"eventTime.*{time}"):
        parse(record() | {"eventTime": time})


@pytest.mark.parametrize("broken", [None, "a text", ["a", "list"], {"s3": "no object"}, {"eventName": 7}, {}])
def test_anything_may_stand_where_a_record_should(broken: object) -> None:
    """Whatever stands in the place of a record, parsing it gives an EventError and it still has a label."""
    with pytest.raises(EventError):
        parse(broken)
    assert label(broken)


@pytest.mark.parametrize("size", ["12", 1.5, True])
def test_a_size_is_a_whole_number(size: object) -> None:
    """A size that is no number of bytes is refused, and shown."""
    broken = record()
    broken["s3"] = {"bucket": {"name": "b", "arn": "a"}, "object": {"key": "k", "size": size}}
    with pytest.raises(EventError, match="size"):
        parse(broken)


def test_a_label_takes_one_line() -> None:
    """A key with a line break cannot forge a log line: its label shows the break as an escape."""
    assert label(record("a\nERROR b")) == r"'a\nERROR b' (ObjectCreated:Put)"
