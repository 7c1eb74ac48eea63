"""Rows about reads that show what was true a while ago: AWS answers from several places, and some are late."""

import json
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from task_deployer.errors import ResourceError
from tests.faults.lab.call import Answer, Call, refused
from tests.faults.lab.row import Ending, Row

if TYPE_CHECKING:
    from tests.faults.lab.lab import Lab

Params = Callable[[Call, "Lab"], Mapping[str, object]]


def _same(*names: str) -> Params:
    return lambda call, _: {name: call.text(name) for name in names}


def _queue(call: Call, lab: "Lab") -> Mapping[str, object]:
    return {"QueueUrl": lab.behind.aws.account.queue_url(call.thing)}


_READS: Mapping[str, Params] = {
    "GetFunction": _same("FunctionName"),
    "GetFunctionConfiguration": _same("FunctionName"),
    "GetPolicy": _same("FunctionName"),
    "GetRole": _same("RoleName"),
    "GetRolePolicy": _same("RoleName", "PolicyName"),
    "GetQueueAttributes": lambda call, lab: {**_queue(call, lab), "AttributeNames": ["All"]},
    "ListQueueTags": _queue,
    "DescribeRule": _same("Name"),
    "ListTargetsByRule": lambda call, _: {"Rule": call.text("Name")},
    "ListTagsForResource": lambda call, lab: {
        "ResourceARN": lab.behind.aws.account.arn("events", f"rule/{call.thing}")
    },
}
"""What the reads are asked with, from the call that writes. Those that are not here are asked about a bucket."""


class Memory(Row):
    """After a write the reads of what it changed go on for a while to show what was there before."""

    shows: ClassVar[Mapping[str, tuple[str, ...]]]
    """The reads that are late after each write."""
    lasts: ClassVar[tuple[float, float, float]]
    """Seconds: from, to, and at the most."""
    flaps: ClassVar[bool] = False
    """Whether every other read is up to date."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._before: dict[tuple[str, str], Answer] = {}
        self._old: dict[tuple[str, str], Answer] = {}
        self._until: dict[tuple[str, str], float] = {}
        self._turns = 0

    def sending(self, call: Call, lab: "Lab") -> None:
        """Look at what the reads show now."""
        self._before = {
            (read, call.thing): lab.behind.raw(call.service, read, _READS.get(read, _same("Bucket"))(call, lab))
            for read in self.shows.get(call.operation, ())
        }

    def done(self, call: Call, lab: "Lab") -> None:
        """From now on the reads are late."""
        if call.operation not in self.shows:
            return
        until = lab.clock.now() + self.seconds(*self.lasts)
        for key, answer in self._before.items():
            self._old[key], self._until[key] = answer, until
        self._before = {}

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Show what was there before."""
        key = (call.operation, call.thing)
        if lab.clock.now() >= self._until.get(key, 0):
            return None
        self._turns += 1
        if self.flaps and self._turns % 2:
            return None
        return self.shown(self._old[key])

    def shown(self, old: Answer) -> Answer:
        """What exactly is shown."""
        return Answer(old.status, old.body, old.headers, "as it was")


_DOCUMENTS = {
    "PutBucketCors": ("GetBucketCors",),
    "DeleteBucketCors": ("GetBucketCors",),
    "PutPublicAccessBlock": ("GetPublicAccessBlock",),
    "PutBucketLifecycleConfiguration": ("GetBucketLifecycleConfiguration",),
    "DeleteBucketLifecycle": ("GetBucketLifecycleConfiguration",),
    "PutBucketVersioning": ("GetBucketVersioning",),
    "PutBucketTagging": ("GetBucketTagging",),
    "PutBucketNotificationConfiguration": ("GetBucketNotificationConfiguration",),
}


class LateDocuments(Memory):
    """A bucket's documents are read late."""

    number = 12
    name = "bucket documents are read late"
    outlives = True
    shows = _DOCUMENTS
    lasts = (0, 10, 60)


class FlappingDocuments(Memory):
    """A bucket's documents are read old and new in turns."""

    number = 12
    name = "bucket documents are read old and new in turns"
    outlives = True
    shows = _DOCUMENTS
    lasts = (0, 10, 60)
    flaps = True
    settles = 60


class LateQueueAttributes(Memory):
    """A queue's attributes are read late."""

    number = 27
    name = "queue attributes are read late"
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {"SetQueueAttributes": ("GetQueueAttributes",)}
    lasts = (0, 20, 60)


class NotFoundAfterCreate(Memory):
    """What was just made is not found yet, by reads and by what writes into it."""

    number = 21
    name = "not found after its creation"
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "CreateFunction": ("GetFunction", "GetFunctionConfiguration"),
        "CreateRole": ("GetRole",),
        "PutRolePolicy": ("GetRolePolicy",),
        "AddPermission": ("GetPolicy",),
        "CreateQueue": ("GetQueueAttributes", "ListQueueTags"),
    }
    lasts = (0, 3, 5)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The role is not there for its policy either."""
        until = self._until.get(("GetRole", call.thing), 0)
        if call.operation == "PutRolePolicy" and lab.clock.now() < until:
            return refused(call, 404, "NoSuchEntity", f"The role with name {call.thing} cannot be found.")
        return super().meet(call, lab)


class BucketStillThere(Memory):
    """HEAD finds a bucket that is deleted."""

    number = 13
    name = "a deleted bucket answers HEAD"
    outlives = True
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {"DeleteBucket": ("HeadBucket",)}
    lasts = (0, 10, 30)


class BucketNotThereYet(Row):
    """No call finds a bucket that was just made."""

    number = 13
    name = "a new bucket is not there yet"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._until: dict[str, float] = {}

    def done(self, call: Call, lab: "Lab") -> None:
        """A bucket was made."""
        if call.operation == "CreateBucket":
            self._until[call.thing] = lab.clock.now() + self.seconds(0, 10, 30)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """It is not there."""
        if call.operation == "CreateBucket" or lab.clock.now() >= self._until.get(call.thing, 0):
            return None
        return refused(call, 404, "NoSuchBucket", "The specified bucket does not exist")


class QueueCoolDown(Memory):
    """The name of a deleted queue is not free for 60 seconds, and reads may find the queue meanwhile."""

    number = 10
    name = "a deleted queue holds its name"
    outlives = True
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {"DeleteQueue": ("GetQueueAttributes", "ListQueueTags")}
    lasts = (0, 30, 60)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._held: dict[str, float] = {}

    def done(self, call: Call, lab: "Lab") -> None:
        """A queue was deleted."""
        super().done(call, lab)
        if call.operation == "DeleteQueue":
            self._held[call.thing] = lab.clock.now() + 60

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Its name is not free."""
        if call.operation == "CreateQueue" and lab.clock.now() < self._held.get(call.thing, 0):
            text = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
            return refused(call, 400, "AWS.SimpleQueueService.QueueDeletedRecently", text)
        return super().meet(call, lab)


class FormerTags(Memory):
    """A queue shows for a while the tags of one that had its name before."""

    number = 10
    name = "a queue shows the tags of a former one"
    outlives = True
    lasts = (0, 20, 60)
    settles = 60
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {"DeleteQueue": ("ListQueueTags",)}

    def done(self, call: Call, lab: "Lab") -> None:
        """The tags of a queue that goes are remembered, and shown once there is another one."""
        if call.operation == "DeleteQueue":
            self._old |= self._before
        if call.operation == "CreateQueue":
            self._until["ListQueueTags", call.thing] = lab.clock.now() + self.seconds(*self.lasts)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Show them, if there was a queue."""
        return super().meet(call, lab) if self._old.get((call.operation, call.thing), _NONE).good else None


_NONE = Answer(404, b"")


class FunctionBeingDeleted(Memory):
    """A deleted function is `Deleting` for a while before it is gone."""

    number = 32
    name = "a deleted function is still going"
    outlives = True
    shows: ClassVar[Mapping[str, tuple[str, ...]]] = {"DeleteFunction": ("GetFunction",)}
    lasts = (0, 5, 60)
    endings = (Ending(ResourceError, "following state: Deleting"),)

    def shown(self, old: Answer) -> Answer:
        """The function as it was, on its way."""
        if not old.good:
            return Answer(old.status, old.body, old.headers, "as it was")
        found = json.loads(old.body)
        found["Configuration"]["State"] = "Deleting"
        return Answer(200, json.dumps(found).encode(), label="Deleting")

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """No other can be made while it goes."""
        if call.operation == "CreateFunction" and lab.clock.now() < self._until.get(("GetFunction", call.thing), 0):
            return refused(call, 409, "ResourceConflictException", _CANNOT + "Deleting")
        return super().meet(call, lab)


_CANNOT = (
    "The operation cannot be performed at this time. The function is currently in the following state: "  # then which
)


class FunctionIdle(Row):
    """A function that was idle for weeks is `Inactive`, which is no fault of it."""

    number = 32
    name = "an idle function is inactive"

    def answered(self, call: Call, answer: Answer, lab: "Lab") -> Answer:
        """It was idle since its last update."""
        if call.operation != "GetFunction" or not answer.good:
            return answer
        found = json.loads(answer.body)
        found["Configuration"]["State"] = "Inactive"
        lab.note(self, call, "Inactive")
        return Answer(200, json.dumps(found).encode(), label="Inactive")


MEMORIES: tuple[type[Row], ...] = (
    QueueCoolDown,
    FormerTags,
    LateDocuments,
    FlappingDocuments,
    BucketNotThereYet,
    BucketStillThere,
    NotFoundAfterCreate,
    LateQueueAttributes,
    FunctionIdle,
    FunctionBeingDeleted,
)
