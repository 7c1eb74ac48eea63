"""What AWS does not show yet, or shows as it was, after a run that died; and what the next run at once makes of it."""

import os
import time
from typing import ClassVar

import pytest

from tests.faults.lab.call import Answer, Call
from tests.faults.lab.conftest import NewLife
from tests.faults.lab.lab import ANSWERED, BEFORE, Death, Lab
from tests.faults.lab.life import UP, Life
from tests.faults.lab.memory import FlappingDocuments, LateDocuments
from tests.faults.lab.row import Row
from tests.faults.lab.seeds import chance
from tests.faults.scene import BASE, CHANGED
from tests.invariants import entries_of_ours

NEW, REMOVED = "AWS to show what was made a moment ago", "S3 to show what is to be removed"
OF_OTHERS = ("PutBucketCors", "PutBucketNotificationConfiguration")
"""The operations that write into the documents of others; in an `up` the bucket of others comes first."""
WITHOUT_OTHERS = BASE.partition("[tasks.ingest.buckets.theirs]")[0]


class Late(LateDocuments):
    """For half a minute."""

    lasts = (30, 30, 30)
    settles = 30


class Flapping(FlappingDocuments):
    """For half a minute."""

    lasts = (30, 30, 30)


class MappingNotListed(Row):
    """A new event source mapping is not listed for a while, and it is found in no other way."""

    number = 21
    name = "a new mapping is not listed"
    delivers = True
    seconds_hidden: ClassVar[float] = 20
    _until = 0.0

    def done(self, call: Call, lab: Lab) -> None:
        """A mapping was made."""
        if call.operation == "CreateEventSourceMapping":
            self._until = lab.clock.now() + self.seconds_hidden

    def meet(self, call: Call, lab: Lab) -> Answer | None:
        """It is not listed."""
        hidden = call.operation == "ListEventSourceMappings" and lab.clock.now() < self._until
        return Answer(200, b'{"EventSourceMappings": []}', label="not listed") if hidden else None


def of(kind: type[Row]) -> Row:
    """A row of this kind."""
    return kind(chance(0, kind.__name__))


def age(life: Life, seconds: float) -> None:
    """Let the manifest be so old."""
    then = time.time() - seconds
    os.utime(life.scene.manifest, (then, then))


EACH_LAG = pytest.mark.parametrize("kind", [Late, Flapping])


@EACH_LAG
@pytest.mark.parametrize("operation", OF_OTHERS)
def test_entries_in_documents_of_others_go_though_they_do_not_show(
    new_life: NewLife, kind: type[Row], operation: str
) -> None:
    """`down` at once after an `up` that died with them put takes them out, told; what they invoke goes."""
    with new_life([of(kind)], "") as life:
        life.die(UP, Death(ANSWERED, operation))
        assert entries_of_ours(life.lab.behind.aws, f"{life.scene.name}-theirs")
        life.down()
        assert kind is Flapping or NEW in life.lab.heard.reasons


@EACH_LAG
@pytest.mark.parametrize("end", ["PutBucketLifecycleConfiguration", "PutBucketVersioning"])
def test_entries_of_a_bucket_that_the_config_drops_go_though_they_do_not_show(
    new_life: NewLife, kind: type[Row], end: str
) -> None:
    """So does an `up` whose config dropped that bucket, although they were recorded as done before the death."""
    with new_life([of(kind)], "") as life:
        life.die(UP, Death(ANSWERED, end))
        assert entries_of_ours(life.lab.behind.aws, f"{life.scene.name}-theirs")
        (life.scene.folder / "config" / "task.toml").write_text(WITHOUT_OTHERS.format(name=life.scene.name))
        life.up()
        assert [] == entries_of_ours(life.lab.behind.aws, f"{life.scene.name}-theirs")
        life.down()


def test_entries_that_show_are_not_waited_for(new_life: NewLife) -> None:
    """An `up` and a `down` right after it wait for nothing of the kind, although all is new."""
    with new_life([], "") as life:
        life.up()
        life.down()
        assert not {NEW, REMOVED} & set(life.lab.heard.reasons)


@pytest.mark.parametrize(("old", "waits"), [(290, 10), (310, 0)])
def test_what_was_never_put_is_waited_for_no_longer_than_it_could_have_been(
    new_life: NewLife, old: float, waits: float
) -> None:
    """Five minutes after a run that died before its put, `down` takes its word: nothing of ours is there."""
    with new_life([], "") as life:
        life.die(UP, Death(BEFORE, "PutBucketCors"))
        age(life, old)
        begun = life.lab.clock.now()
        life.down()
        assert waits <= life.lab.clock.now() - begun < waits + 10
        assert (NEW in life.lab.heard.reasons) == (waits > 0)


def test_a_mapping_goes_though_it_is_not_listed(new_life: NewLife) -> None:
    """`down` at once after an `up` that died looks for the event source mapping, which outlives its function."""
    with new_life([of(MappingNotListed)], "") as life:
        life.die(UP, Death(ANSWERED, "CreateEventSourceMapping"))
        life.down()
        mappings = life.lab.behind.aws.lambda_.list_event_source_mappings()["EventSourceMappings"]
        assert [] == [one for one in mappings if life.scene.name in one["FunctionArn"]]


@EACH_LAG
@pytest.mark.parametrize(
    "operation",
    ["PutBucketLifecycleConfiguration", "PutBucketCors", "PutBucketNotificationConfiguration", "DeleteQueue"],
)
def test_a_config_that_goes_back_is_written_though_it_shows(new_life: NewLife, kind: type[Row], operation: str) -> None:
    """An `up` that died had changed documents; the config goes back, and the old ones still show: they are put.

    So are those that were put before the one at which it died.
    """
    with new_life([of(kind)], "") as life:
        life.up()
        life.lab.clock.sleep(60)
        overlay = life.scene.folder / "config" / "dev.toml"
        overlay.write_text(CHANGED)
        life.die(UP, Death(ANSWERED, operation))
        overlay.unlink()
        life.up()
