"""What AWS still shows of what was deleted a moment ago, and what tells it from a manifest that was lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest

from task_deployer.data_loss import Choices
from task_deployer.errors import SafetyError
from tests.faults.lab.call import Answer, Call
from tests.faults.lab.conftest import NewLife
from tests.faults.lab.lab import BEFORE, SENT, Death, Lab
from tests.faults.lab.life import Life
from tests.faults.lab.memory import Memory, QueueCoolDown
from tests.faults.lab.noes import Denied
from tests.faults.lab.row import DOWN
from tests.faults.lab.seeds import chance

FORGET = "AWS to forget what was deleted a moment ago"
WITHIN = 90
"""Seconds in which a command ends that waits out a ghost: 70, the last pause, and its calls."""


class RoleStillRead(Memory):
    """IAM answers from a place that has not heard of the deletion."""

    number = 21
    name = "a deleted role is still read"
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "DeleteRole": ("GetRole",),
        "DeleteRolePolicy": ("GetRolePolicy",),
    }
    lasts = (3, 10, 30)


class BucketStillRead(Memory):
    """S3 answers so, with all that was written into the bucket."""

    number = 13
    name = "a deleted bucket is still read"
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "DeleteBucket": (
            "HeadBucket",
            "GetBucketTagging",
            "GetPublicAccessBlock",
            "GetBucketVersioning",
            "GetBucketLifecycleConfiguration",
            "GetBucketCors",
            "GetBucketNotificationConfiguration",
        )
    }
    lasts = (3, 10, 30)


class RuleStillRead(Memory):
    """EventBridge answers so."""

    number = 13
    name = "a deleted rule is still read"
    delivers = True
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "DeleteRule": ("DescribeRule", "ListTargetsByRule", "ListTagsForResource")
    }
    lasts = (3, 10, 30)

    def meet(self, call: Call, lab: Lab) -> Answer | None:
        """The tags are asked for by the rule's ARN."""
        arn = call.text("ResourceARN")
        return super().meet(replace(call, params={"Name": arn.rpartition("/")[2]}) if arn else call, lab)


@pytest.mark.parametrize("kind", [RoleStillRead, BucketStillRead, QueueCoolDown], ids=lambda kind: kind.__name__)
def test_up_right_after_down_gets_there(new_life: NewLife, kind: type[Memory]) -> None:
    """What is still shown after `down` is waited out and told, and made anew as wanted, with all its parts."""
    with new_life([kind(chance(0, kind.__name__))], "") as life:
        life.up()
        life.down()
        life.up()
        life.down()


@pytest.mark.parametrize("when", [BEFORE, SENT])
@pytest.mark.parametrize(
    ("kind", "deletion"),
    [
        (RoleStillRead, "DeleteRole"),
        (BucketStillRead, "DeleteBucket"),
        (RuleStillRead, "DeleteRule"),
        (QueueCoolDown, "DeleteQueue"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.parametrize("go_on", [Life.up, Life.down], ids=lambda deed: deed.__name__)
def test_what_a_dead_run_was_deleting_is_gone_on_from(
    new_life: NewLife, kind: type[Memory], deletion: str, when: str, go_on: Callable[[Life], None]
) -> None:
    """A `down` that died at a deletion is gone on from by `up` and by `down`, whether AWS shows what is gone or not."""
    with new_life([kind(chance(0, deletion))], "") as life:
        life.up()
        life.die(DOWN, Death(when, deletion))
        go_on(life)
        life.down()


def test_what_is_taken_back_at_once_is_made_again(new_life: NewLife) -> None:
    """A queue that the config lost and has again is waited for, although the rest of the stack is on record."""
    with new_life([QueueCoolDown(chance(0, "back"))], "") as life:
        life.up()
        life.change()
        (life.scene.folder / "config" / "dev.toml").unlink()
        life.up()
        life.down()


def test_kept_logs_hide_no_ghost(new_life: NewLife) -> None:
    """Log groups that `down --keep-logs` left are taken over by the next `up`, which waits for ghosts beside them."""
    with new_life([QueueCoolDown(chance(0, "logs"))], "") as life:
        life.up()
        life.scene.down(choices=Choices(keep_logs=True))
        life.up()
        life.down()


def _refused(life: Life) -> tuple[float, list[str]]:
    """How long an `up` takes that is refused, and for what it waits."""
    life.lab.listen_anew()
    begun = life.lab.clock.now()
    with pytest.raises(SafetyError, match="at AWS already, and not in the manifest") as caught:
        life.scene.up()
    assert "task-deploy adopt" in caught.value.hint + caught.value.detail
    assert [] == life.lab.mutating
    return life.lab.clock.now() - begun, life.lab.heard.reasons


def test_a_lost_manifest_is_told_at_once(new_life: NewLife) -> None:
    """A function is shown only while it is there: where it has no record the manifest was lost, and nobody waits."""
    with new_life([], "") as life:
        life.up()
        kept = life.scene.manifest.rename(life.scene.folder / "lost.json")
        seconds, reasons = _refused(life)
        assert ([], True) == (reasons, seconds < 5)
        kept.rename(life.scene.manifest)
        life.down()


@pytest.mark.parametrize(("key", "waits"), [("report.csv", False), (None, True)], ids=["with an object", "empty"])
def test_a_bucket_that_was_kept_is_told(new_life: NewLife, key: str | None, *, waits: bool) -> None:
    """What a bucket holds shows that it was kept, and is told at once; an empty one may be a ghost, for so long."""
    with new_life([], "") as life:
        life.up()
        s3, account = life.lab.behind.aws.s3, life.lab.behind.aws.account
        bucket = f"{life.scene.name}-dev-ingest-uploads-{account.id}-{account.region}"
        if key:
            s3.put_object(Bucket=bucket, Key=key, Body=b"")
        life.scene.down(choices=Choices(keep_buckets=True))
        seconds, reasons = _refused(life)
        assert ({FORGET} if waits else set()) == set(reasons)
        assert (70 if waits else 0) <= seconds < (WITHIN if waits else 5)


def test_a_count_that_is_refused_says_nothing(new_life: NewLife) -> None:
    """Who may not list what is in a bucket waits it out like an empty one, and is told the same."""
    denied = Denied(chance(0, "count"))
    denied.operation = "ListObjectVersions"
    with new_life([], "") as life:
        life.up()
        life.scene.down(choices=Choices(keep_buckets=True))
        life.lab.rows = (denied,)
        _, reasons = _refused(life)
        assert {FORGET} == set(reasons)
