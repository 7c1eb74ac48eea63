"""What the tool's event patterns take, by moto's matching, which the local AWS relies on."""

import string
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from task_deployer.event_pattern import pattern_of
from task_deployer.local.call import Call
from task_deployer.local.event_bridge import event_of
from task_deployer.local.notifications import Entry, Target
from task_deployer.local.s3_event import ObjectChange
from task_deployer.resources.event_rule import text
from task_runtime import eventbridge

CALL = Call("PUT", "/media/key", {}, {}, b"", "127.0.0.1")
NAMES = (
    *("ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"),
    *("ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"),
)
CHANGE = ObjectChange("ObjectCreated:Put", "media", "arn:aws:s3:::media", "eu-central-1", "000000000000", "key")

keys = st.text("ab +*ü", max_size=6)
encoded = st.text("ab+", max_size=3)  # what S3 and EventBridge read alike, once decoded
events = st.lists(st.sampled_from([*NAMES, "ObjectCreated", "ObjectRemoved"]), min_size=1, max_size=4, unique=True)


def event_for(name: str, key: str) -> Any:  # noqa: ANN401 - moto's own type asks for a time as a number
    """The event of EventBridge's for one change."""
    return event_of(replace(CHANGE, name=name, key=key), CALL, sequencer="1", requester="somebody")


@given(events, encoded, encoded, st.sampled_from(NAMES), keys)
def test_a_pattern_takes_what_an_entry_of_s3_takes(
    wanted: list[str], prefix: str, suffix: str, name: str, key: str
) -> None:
    """The same config listens to the same events of the same keys by EventBridge as directly, whatever the key."""
    named = tuple(f"s3:{event}" if ":" in event else f"s3:{event}:*" for event in wanted)
    entry = Entry("ours", Target.FUNCTION, "arn", named, (("Prefix", prefix), ("Suffix", suffix)))
    pattern = EventPattern.load(text(pattern_of("media", wanted, prefix, suffix)))
    assert entry.covers(f"s3:{name}", key) is pattern.matches_event(event_for(name, key))


@given(st.sampled_from(NAMES), st.text(string.printable, min_size=1))
def test_the_runtime_reads_the_event_back(name: str, key: str) -> None:
    """What the local AWS tells EventBridge of a change is to the runtime the event that S3 itself would tell."""
    parsed = eventbridge.parse(event_for(name, key))
    assert (name, key, "media") == (parsed.name, parsed.key, parsed.bucket_name)


def test_another_bucket_is_not_taken() -> None:
    """All of an account's buckets tell the one bus; a rule takes its own bucket's events alone."""
    pattern = EventPattern.load(text(pattern_of("other", ["ObjectCreated"], "", "")))
    assert not pattern.matches_event(event_for("ObjectCreated:Put", "key"))
