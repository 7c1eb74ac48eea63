from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_deployer.local.call import read_call
from task_deployer.local.s3_event import ObjectChange, Sequencer, encode_key, record

CHANGE = ObjectChange(
    name="ObjectCreated:Put",
    bucket="media",
    bucket_arn="arn:aws:s3:::media",
    region="eu-central-1",
    account="000000000000",
    key="in/a b.csv",
    size=3,
    etag="900150983cd24fb0d6963f7d28e17f72",
)


def seen(change: ObjectChange) -> dict[str, object]:
    """The object part of the event of a change."""
    call = read_call("PUT", "/media/in/a%20b.csv", {}, b"", "127.0.0.1")
    event = record(change, call, configuration_id="ours", sequencer="0A", principal="AWS:AROA:f")
    return cast("dict[str, dict[str, object]]", cast("list[object]", event["Records"])[0])["s3"]["object"]  # type: ignore[return-value]  # JSON


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (CHANGE, {"key": "in/a+b.csv", "size": 3, "eTag": CHANGE.etag, "sequencer": "0A"}),
        (replace(CHANGE, name="ObjectRemoved:Delete"), {"key": "in/a+b.csv", "sequencer": "0A"}),
        (
            replace(CHANGE, name="ObjectRemoved:DeleteMarkerCreated", version_id="v"),
            {"key": "in/a+b.csv", "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "v", "sequencer": "0A"},
        ),
        (replace(CHANGE, version_id="v"), {"size": 3, "versionId": "v"}),
    ],
)
def test_an_object_has_the_fields_its_event_has_on_aws(change: ObjectChange, expected: dict[str, object]) -> None:
    """Creations have size and eTag, delete markers the eTag of nothing, removals neither; versions if there are any."""
    found = seen(change)
    assert expected.items() <= found.items()
    assert ("size" in found) == change.name.startswith("ObjectCreated:")
    assert ("eTag" in found) == (change.name != "ObjectRemoved:Delete")
    assert ("versionId" in found) == (change.version_id is not None)


@pytest.mark.parametrize(("key", "expected"), [("a b", "a+b"), ("a+b", "a%2Bb"), ("in/ü", "in/%C3%BC"), ("@", "%40")])
def test_a_key_is_encoded_as_in_a_form_but_keeps_its_slashes(key: str, expected: str) -> None:
    """Space is `+`, a plus sign `%2B`, UTF-8 is percent-encoded, `/` stays."""
    assert expected == encode_key(key)


@given(st.integers(min_value=2, max_value=50))
def test_a_later_sequencer_is_greater_also_as_text(count: int) -> None:
    """Sequencers only grow, and text order is their order."""
    sequencer = Sequencer()
    handed_out = [sequencer.next() for _ in range(count)]
    assert sorted(set(handed_out)) == handed_out
