"""Our entries in a bucket's notification document, which we share with everybody who has entries in it.

How they are written beside other writers is notification_write.py's; why S3 refuses them, notification_refusal.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources import notification_document as document
from task_deployer.resources.base import (
    ENTRIES,
    AnyResource,
    Difference,
    Identity,
    Refusal,
    Resource,
    Value,
    differing,
    entries_of,
)
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.notification_document import EVENTBRIDGE, Entry
from task_deployer.resources.notification_overlap import obstacles
from task_deployer.resources.notification_refusal import absent, waited_out
from task_deployer.resources.notification_write import Part, read, write
from task_deployer.resources.permission import Permission
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, NOTIFICATION_VALID, patiently

_LONG_ENOUGH = 4
"""After so many refusals in a row, some seconds, it is worth a look whether what is to be notified is there at all."""


@dataclass(frozen=True)
class SeenNotifications:
    """The whole document, those entries in it that are ours, and whether EventBridge is on and ours to have on.

    `known` are the keys that were asked for: all that is wanted or on record as ours, whether it shows or not.
    """

    document: Mapping[str, object]
    ours: Mapping[str, Entry]
    eventbridge: bool = False
    known: tuple[str, ...] = ()

    @property
    def absent(self) -> bool:
        """Whether nothing of ours is in it."""
        return not self.ours and not self.eventbridge

    @property
    def foreign(self) -> int:
        """How many entries of others are in it, whatever they invoke."""
        theirs = document.foreign(self.document, tuple(entry.key for entry in self.ours.values()))
        return len(document.entries_in(theirs))

    @property
    def sends_to_eventbridge(self) -> bool:
        """Whether all events go to EventBridge: where they do, the setting is there and empty."""
        return EVENTBRIDGE in self.document


@dataclass(frozen=True)
class Notifications(Resource[SeenNotifications]):
    """The entries of all tasks of this stack in one bucket's document: one writer for one document.

    `parts` are what has to be there before the first event comes. `spared` are keys of this stack's entries that this
    run leaves alone, because it is about one task only: those of other tasks, and what else is on record. `eventbridge`
    puts EventBridge's setting into the document; it stays there, also when our entries go, because nobody can tell who
    else relies on it.
    """

    kind: ClassVar[str] = "notifications"
    stays: ClassVar[Mapping[str, str]] = {EVENTBRIDGE: "EventBridge stays on: others may rely on it"}
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("s3:GetBucketNotification",),
        write=("s3:PutBucketNotification",),
        delete=("s3:PutBucketNotification",),
    )
    scope: str
    bucket: Bucket
    entries: tuple[Entry, ...]
    permissions: tuple[Permission, ...] = ()
    parts: tuple[AnyResource, ...] = ()
    spared: tuple[str, ...] = ()
    eventbridge: bool = False

    @property
    def identity(self) -> Identity:
        setting = [EVENTBRIDGE] if self.eventbridge else []
        keys = sorted({*(entry.key for entry in self.entries), *self.spared, *setting})
        return {**self.bucket.identity, ENTRIES: " ".join(keys)}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenNotifications | None:
        """Read the document. Ours are the entries with exactly our keys; without one of them we are absent from it."""
        try:
            found = read(aws, identity["bucket"], identity.get("owner"))
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return None
            raise
        keys = entries_of(identity)
        entries = tuple(key for key in keys if key not in cls.stays)
        on = EVENTBRIDGE in keys and EVENTBRIDGE in found
        return SeenNotifications(found, document.ours(found, keys), on, entries)

    def diff(self, seen: SeenNotifications) -> tuple[Difference, ...]:
        wanted = {entry.id: entry for entry in self.entries}
        found = {entry.id: entry for entry in seen.ours.values() if entry.key not in self.spared}
        off = self.eventbridge and EVENTBRIDGE not in seen.document
        return (
            *(
                difference
                for entry_id in {**wanted, **found}
                for difference in _entry_differences(entry_id, wanted.get(entry_id), found.get(entry_id))
            ),
            *((Difference(EVENTBRIDGE, wanted=True, found=False),) if off else ()),
        )

    def refusals(self, seen: object, recorded: tuple[str, ...]) -> tuple[Refusal, ...]:  # noqa: ARG002 - the keys tell
        """Which entries of others bear our ids; which of ours overlap another; whether they are too many."""
        there, ours = (seen.document, self._replaced(seen)) if isinstance(seen, SeenNotifications) else ({}, ())
        return obstacles(there, self.entries, ours, self.spared)

    def create(self, aws: Aws) -> None:
        self._write(aws, replace(self._part, keys=tuple(entry.key for entry in self.entries)))

    def update(self, aws: Aws, seen: SeenNotifications) -> None:
        self._write(aws, replace(self._part, keys=self._replaced(seen)))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        cls.take_out(aws, identity, None, beside_others=False)

    @classmethod
    def take_out(cls, aws: Aws, identity: Identity, seen: object, *, beside_others: bool) -> None:
        """Put the document without our entries, unless it shows none of them."""
        keys, there = entries_of(identity), seen.ours if isinstance(seen, SeenNotifications) else {}
        shown = tuple(entry.key for entry in there.values() if entry.key in keys)
        part = Part(identity["bucket"], (), keys, shared=beside_others, owner=identity.get("owner"), seen=shown)
        try:
            patiently(aws.patience, BUCKET_SETTLING, lambda: write(aws, part))
        except ClientError as error:
            if code_of(error) != "NoSuchBucket":
                raise

    def _replaced(self, seen: SeenNotifications) -> tuple[str, ...]:
        """The keys that this run may write over: those wanted, and those of ours that are wanted no longer."""
        ours = {entry.key for entry in (*self.entries, *seen.ours.values())}
        return tuple((ours | {*seen.known}) - {*self.spared})

    @property
    def _part(self) -> Part:
        return Part(self.bucket.name, self.entries, (), self.eventbridge, self.bucket.existing, self.bucket.owner)

    def _write(self, aws: Aws, part: Part) -> None:
        refusals, gone = count(1), frozenset[str]()

        def call() -> None:
            nonlocal gone
            try:
                write(aws, part)
            except ClientError as error:
                if NOTIFICATION_VALID.matches(error) and (next(refusals) == _LONG_ENOUGH or gone):
                    before, gone = gone, absent(aws, error, self.bucket.identity, self.entries)
                    if before & gone:
                        raise waited_out(aws, error, self.bucket.identity, self.entries) from error
                raise

        try:
            patiently(aws.patience, BUCKET_BUSY, lambda: patiently(aws.patience, NOTIFICATION_VALID, call))
        except ClientError as error:
            if NOTIFICATION_VALID.matches(error):
                raise waited_out(aws, error, self.bucket.identity, self.entries) from error
            raise


def _entry_differences(entry_id: str, wanted: Entry | None, found: Entry | None) -> tuple[Difference, ...]:
    if wanted is None or found is None:
        return (Difference(entry_id, _in_words(wanted), _in_words(found)),)
    return differing(_flat(wanted), _flat(found), f"{entry_id}.")


def _flat(entry: Entry) -> dict[str, Value]:
    return {
        entry.arn_name: entry.destination,
        "Events": tuple(sorted(entry.events)),
        "Prefix": entry.prefix,
        "Suffix": entry.suffix,
    }


def _in_words(entry: Entry | None) -> str | None:
    return None if entry is None else f"{', '.join(entry.events)} to {entry.destination.rpartition(':')[2]}"
