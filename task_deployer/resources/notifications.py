"""Our entries in a bucket's notification document, which we share with everybody who has entries in it.

There is no optimistic lock on that document: PutBucketNotificationConfiguration replaces the whole of it and takes no
version. So it is read, merged by a pure function and put within one verb, and read back once. Between our read and our
put another writer's entry can still be lost; the window is one round trip and cannot be closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.refusals import code_of, message_of
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
from task_deployer.resources.notification_overlap import SAME_ID, clashes, obstacles
from task_deployer.resources.permission import Permission
from task_deployer.resources.rights import Rights
from task_deployer.retry import BUCKET_BUSY, BUCKET_SETTLING, NOTIFICATION_VALID, patiently


@dataclass(frozen=True)
class SeenNotifications:
    """The whole document, those entries in it that are ours, and whether EventBridge is on and ours to have on."""

    document: Mapping[str, object]
    ours: Mapping[str, Entry]
    eventbridge: bool = False

    @property
    def absent(self) -> bool:
        """Whether nothing of ours is in it."""
        return not self.ours and not self.eventbridge


@dataclass(frozen=True)
class Notifications(Resource[SeenNotifications]):
    """The entries of all tasks of this stack in one bucket's document: one writer for one document.

    `parts` are what has to be there before the first event comes. `spared` are keys of this stack's entries that this
    run leaves alone, because it is about one task only. `eventbridge` puts EventBridge's setting into the document;
    it stays there, also when our entries go, because nobody can tell who else relies on it.
    """

    kind: ClassVar[str] = "notifications"
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
        return {"bucket": self.bucket.name, ENTRIES: " ".join(keys)}

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.bucket_arn(identity["bucket"]),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenNotifications | None:
        """Read the document. Ours are the entries with exactly our keys; without one of them we are absent from it."""
        try:
            found = _read(aws, identity["bucket"])
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                return None
            raise
        keys = entries_of(identity)
        return SeenNotifications(found, document.ours(found, keys), EVENTBRIDGE in keys and EVENTBRIDGE in found)

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
        return obstacles(there, self.entries, ours)

    def create(self, aws: Aws) -> None:
        self._put(aws, tuple(entry.key for entry in self.entries))

    def update(self, aws: Aws, seen: SeenNotifications) -> None:
        self._put(aws, self._replaced(seen))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        keys = entries_of(identity)

        def call() -> None:
            found = _read(aws, identity["bucket"])
            if document.ours(found, keys):
                _write(aws, identity["bucket"], document.foreign(found, keys), ())

        try:
            patiently(aws.patience, BUCKET_SETTLING, call)
        except ClientError as error:
            if code_of(error) != "NoSuchBucket":
                raise

    def _replaced(self, seen: SeenNotifications) -> tuple[str, ...]:
        """The keys that this run may write over: those wanted, and those of ours that are wanted no longer."""
        return tuple({entry.key for entry in (*self.entries, *seen.ours.values())} - set(self.spared))

    def _put(self, aws: Aws, keys: Sequence[str]) -> None:
        destinations = tuple(entry.destination for entry in self.entries)

        def call() -> None:
            found = _read(aws, self.bucket.name)
            _refuse_clashes(clashes(found, self.entries, keys), self.bucket.name)
            merged = document.merge(found, self.entries, keys, eventbridge=self.eventbridge)
            _write(aws, self.bucket.name, merged, destinations)
            after = _read(aws, self.bucket.name)
            _check_foreign(document.foreign(merged, keys), document.foreign(after, keys), self.bucket.name)

        patiently(aws.patience, BUCKET_BUSY, lambda: patiently(aws.patience, NOTIFICATION_VALID, call))


def _read(aws: Aws, bucket: str) -> Mapping[str, object]:
    """Get the whole document. A bucket without entries gives an empty one; no refusal is ever taken for that."""
    found = aws.s3.get_bucket_notification_configuration(Bucket=bucket, ExpectedBucketOwner=aws.account.id)
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def _write(aws: Aws, bucket: str, merged: Mapping[str, object], destinations: Sequence[str]) -> None:
    try:
        aws.s3.put_bucket_notification_configuration(
            Bucket=bucket,
            ExpectedBucketOwner=aws.account.id,
            NotificationConfiguration=merged,  # type: ignore[arg-type]  # as S3 gave it, and our own entries
        )
    except ClientError as error:
        if NOTIFICATION_VALID.matches(error):
            _refuse_foreign(error, bucket, destinations)
        raise


def _refuse_clashes(clashing: Sequence[str], bucket: str) -> None:
    if clashing:
        raise SafetyError(
            f"The notifications of the bucket {bucket} hold an entry of others with an id of ours",
            detail=f"It appeared while this run was at work: {'; '.join(clashing)}. It was left as it is.",
            hint=SAME_ID,
        )


def _refuse_foreign(error: ClientError, bucket: str, destinations: Sequence[str]) -> None:
    """S3 validates everybody's destinations. Waiting helps only where all that it names are ours."""
    foreign = {arn: why for arn, why in _named(error).items() if arn not in destinations}
    if foreign:
        raise ResourceError(
            f"S3 refuses the notifications of the bucket {bucket} because of an entry that is not ours: "
            + ", ".join(foreign),
            code=code_of(error),
            detail=f"{message_of(error)}: {'; '.join(foreign.values())}. The document was left as it was.",
            hint="Ask its owner to repair or remove that entry, then run the same command again.",
        ) from error


def _named(error: ClientError) -> dict[str, str]:
    """Which destinations S3 refuses, and why: `ArgumentName1` is `<arn>, null`, `ArgumentValue1` the reason."""
    answer: Mapping[str, object] = {**error.response.get("Error", {})}
    numbers = (key.removeprefix("ArgumentName") for key in answer if key.startswith("ArgumentName"))
    return {
        str(answer[f"ArgumentName{n}"]).partition(",")[0].strip(): str(answer.get(f"ArgumentValue{n}", ""))
        for n in numbers
    }


def _check_foreign(before: Mapping[str, object], after: Mapping[str, object], bucket: str) -> None:
    if not document.same(before, after):
        raise ResourceError(
            f"The notifications of the bucket {bucket} were changed by somebody else while we wrote ours",
            code="ForeignEntriesChanged",
            detail=f"Before our write, the entries of others were: {before}",
            hint="Compare them with what is there now, then run the same command again.",
        )


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
