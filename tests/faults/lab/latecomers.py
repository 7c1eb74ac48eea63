"""Rows in which something comes late: objects into a bucket that is emptied, log lines of a function that is gone."""

import random
from contextlib import suppress
from typing import TYPE_CHECKING

from task_deployer.errors import ResourceError
from tests.faults.lab.call import Answer, Call
from tests.faults.lab.row import DOWN, Ending, Row

if TYPE_CHECKING:
    from tests.faults.lab.lab import Lab
    from tests.faults.scene import Scene


class BucketRefills(Row):
    """A late writer fills the bucket while it is emptied, and S3 puts deletions off."""

    number = 15
    name = "a bucket fills while it is emptied"
    empties = True
    endings = (Ending(ResourceError, "fills as fast as it is emptied|is not empty"),)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._late = chance.randrange(6)
        self._put_off = chance.randrange(3)
        self._bucket = ""

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:
        """Fill it, two versions of one key and a delete marker."""
        if stage == DOWN:
            s3, account = lab.behind.aws.s3, lab.behind.aws.account
            self._bucket = f"{scene.name}-dev-ingest-uploads-{account.id}-{account.region}"
            with suppress(s3.exceptions.NoSuchBucket):
                for key in ("a", "a", "b"):
                    s3.put_object(Bucket=self._bucket, Key=key, Body=b"")
                s3.delete_object(Bucket=self._bucket, Key="b")
                s3.create_multipart_upload(Bucket=self._bucket, Key="c")
        return False

    def done(self, call: Call, lab: "Lab") -> None:
        """A late object comes once the bucket was listed."""
        if call.operation == "ListObjectVersions" and call.thing == self._bucket and self._late:
            self._late -= 1
            lab.behind.aws.s3.put_object(Bucket=self._bucket, Key=f"late-{self._late}", Body=b"")
            lab.note(self, call, "another object comes")

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """S3 answers 200, and has deleted none of them."""
        if call.operation != "DeleteObjects" or not self._put_off:
            return None
        self._put_off -= 1
        code = self.chance.choice(("InternalError", "SlowDown"))
        deletion = call.params["Delete"]
        assert isinstance(deletion, dict)
        errors = "".join(
            f"<Error><Key>{item['Key']}</Key><Code>{code}</Code><Message>Please try again.</Message></Error>"
            for item in deletion["Objects"]
        )
        return Answer(200, f"<DeleteResult>{errors}</DeleteResult>".encode(), label=f"all put off: {code}")

    def relieve(self, scene: "Scene", lab: "Lab") -> None:  # noqa: ARG002 - nothing but itself
        """The writer stops."""
        self._late = 0


class GroupMadeBefore(Row):
    """Lambda makes the log group, without retention or tags, just before we do."""

    number = 16
    name = "Lambda makes the log group before us"

    def sending(self, call: Call, lab: "Lab") -> None:
        """It is there already."""
        if call.operation == "CreateLogGroup":
            with suppress(lab.behind.aws.logs.exceptions.ResourceAlreadyExistsException):
                _make_group(lab, call.text("logGroupName"))
                lab.note(self, call, "it is there already")


def _make_group(lab: "Lab", name: str) -> None:
    """Make it as Lambda does: without tags.

    The local AWS still knows those of a group that had this name before; CloudWatch Logs forgets them.
    """
    logs, arn = lab.behind.aws.logs, lab.behind.aws.account.arn("logs", f"log-group:{name}")
    logs.create_log_group(logGroupName=name)
    logs.untag_resource(resourceArn=arn, tagKeys=list(logs.list_tags_for_resource(resourceArn=arn)["tags"]))


class GhostGroup(Row):
    """A late log line makes the group again after its deletion; the next `up` and `down` have to deal with it."""

    number = 16
    name = "a late log line makes the log group again"
    outlives = True

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._left = 1

    def done(self, call: Call, lab: "Lab") -> None:
        """It comes back, once."""
        if call.operation == "DeleteLogGroup" and self._left:
            self._left -= 1
            _make_group(lab, call.text("logGroupName"))
            lab.litter.add(f"log group {call.text('logGroupName')}")
            lab.note(self, call, "it comes back")
        if call.operation == "CreateLogGroup":
            lab.litter.clear()

    def sending(self, call: Call, lab: "Lab") -> None:
        """What is made or deleted now is no litter any more."""
        if call.operation in ("CreateLogGroup", "PutRetentionPolicy", "DeleteLogGroup"):
            lab.litter.clear()


LATECOMERS: tuple[type[Row], ...] = (BucketRefills, GroupMadeBefore, GhostGroup)
