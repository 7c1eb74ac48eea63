"""Writing our part of a bucket's notification document beside other writers, without a lock, and losing nobody's part.

There is no optimistic lock on that document: PutBucketNotificationConfiguration replaces the whole of it and takes no
version. Whoever read before our put and puts after it takes ours out without knowing. So we read just before, merge by
a pure function, put, let those who had read before us have their turn, and read back: if ours is gone then, we merge
it into what is there now and put once more. Two writers that both do so end with the entries of both.

What nobody can see is a change that another makes between our read and our put: that window is one round trip.
"""

import shlex
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Former, Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.resources import notification_document as document
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of, asking_the_owner, identity_of
from task_deployer.resources.notification_document import EVENTBRIDGE, Document, Entry
from task_deployer.resources.notification_overlap import obstacles
from task_deployer.resources.notification_refusal import (
    Target,
    check_ours,
    is_others_alone,
    raise_explained,
    refused_destinations,
)
from task_deployer.resources.other_writers import (
    let_others_have_their_turn,
    sent,
    slow_write,
    until_steady,
    until_there,
)

_ATTEMPTS = 2
_SEVERAL = "Several deployments write to this bucket at once. Run the same command again when the others have ended."


@dataclass(frozen=True)
class Part:
    """What is to be ours in a bucket's document: these entries alone of all that bear our `keys`.

    `shared`: others write to this document too, as far as we know; their turn is waited for.
    """

    bucket: str
    entries: tuple[Entry, ...]
    keys: tuple[str, ...]
    eventbridge: bool = False
    shared: bool = False
    owner: str | None = None
    """The account that owns the bucket, where that is another one."""
    seen: tuple[str, ...] = ()
    """The keys of ours that were seen in it, if all of ours goes: a read that shows none of them is an old one."""

    @property
    def written(self) -> tuple[str, ...]:
        """The keys of all that is ours before or after."""
        return tuple(sorted({*self.keys, *(entry.key for entry in self.entries)}))

    def merged(self, found: Document) -> dict[str, object]:
        """The document with our part as wanted."""
        return document.merge(found, self.entries, self.keys, eventbridge=self.eventbridge)

    def target(self, found: Document) -> Target:
        """The same, with what the put of it does to ours."""
        destinations = tuple(entry.destination for entry in self.entries)
        deed = "ours are put" if self.entries or self.eventbridge else "ours are taken out"
        return Target(self.merged(found), destinations, deed)

    def is_in(self, found: Document) -> bool:
        """Whether our part is as wanted, whatever others have there."""
        there = document.ours(found, self.written) == document.named(self.entries)
        return there and (EVENTBRIDGE in found or not self.eventbridge)

    def shows_seen(self, found: Document) -> bool:
        """Whether it shows any of ours that was seen in it before."""
        return not self.seen or bool(document.ours(found, self.seen))

    def foreign(self, found: Document) -> dict[str, object]:
        """What is not ours."""
        return document.foreign(found, self.written)


def read(aws: Aws, bucket: str, owner: str | None = None) -> Document:
    """Get the whole document. A bucket without entries gives an empty one; no refusal is ever taken for that."""
    identity = identity_of(bucket, owner)
    with asking_the_owner(identity):
        found = aws.s3.get_bucket_notification_configuration(
            Bucket=bucket, ExpectedBucketOwner=account_of(aws, identity)
        )
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def put_checked(aws: Aws, bucket: str, target: Target, owner: str | None = None) -> None:
    """Replace the whole document.

    Raises `ResourceError` where S3 refuses destinations of others, unless that is to be passed over: then S3 is told
    not to check, ours are looked at instead, and it is told. The client's own error where it may just not see ours yet.
    """
    identity = identity_of(bucket, owner)
    try:
        _put_document(aws, identity, target.document)
    except ClientError as error:
        if not (aws.care.skip_dead_foreign and is_others_alone(error, target.ours)):
            raise_explained(aws, error, identity, target)
        check_ours(aws, identity, target.ours)
        _put_document(aws, identity, target.document, unchecked=True)
        aws.care.tell(_unchecked(bucket, error, target))


def _put_document(aws: Aws, identity: Identity, wanted: Document, *, unchecked: bool = False) -> None:
    with asking_the_owner(identity):
        aws.s3.put_bucket_notification_configuration(
            Bucket=identity["bucket"],
            ExpectedBucketOwner=account_of(aws, identity),
            NotificationConfiguration=wanted,  # type: ignore[arg-type]  # as S3 gave it, and our own entries
            **({"SkipDestinationValidation": True} if unchecked else {}),
        )


def write(aws: Aws, part: Part) -> None:
    """Make our part as wanted, and see that it stays.

    Raises `SafetyError` for what S3 would refuse because of others' entries, `ResourceError` if S3 refuses others'
    destinations, or if another writer took our entries out twice. What others took out of their own while we were at
    work is never put back: it may have been their wish. It is told, with the place of the former document.
    """
    former, place = until_there(aws.patience, partial(read, aws, part.bucket, part.owner), part.shows_seen), ""
    found = former
    for again in range(_ATTEMPTS):
        # What a first look shows of ours may be from before we took it out ourselves: so it is put in any case.
        enough = part.is_in(found) and (again or not (part.entries or part.eventbridge))
        if enough or (again and obstacles(found, part.entries, part.keys)):
            break  # a refusal now would take our record back, and some of ours may be there
        _check(found, part)
        kept = _keep(aws, part, found)
        place = place or kept
        found = _put(aws, part, found)
    _tell_lost(aws, part, former, found, place)
    if not part.is_in(found):
        raise ResourceError(
            f"Another writer takes this stack's entries out of the notifications of the bucket {part.bucket}",
            code="NotificationsContended",
            detail="\n".join([*_missing(part, found), *_kept_at(place)]),
            hint=_SEVERAL,
        )


def _check(found: Document, part: Part) -> None:
    """The plan has looked before; this is about what appeared since."""
    refusals = obstacles(found, part.entries, part.keys)
    if refusals:
        raise SafetyError(
            f"The notifications of the bucket {part.bucket} have changed, and do not go with ours",
            detail="\n".join([*(refusal.what for refusal in refusals), "The document was left as it was."]),
            hint=refusals[0].advice,
        )


def _are_others(part: Part, found: Document) -> bool:
    """Whether others may write to this document: then it is kept, and their turn is waited for."""
    return part.shared or bool(part.foreign(found))


def _keep(aws: Aws, part: Part, found: Document) -> str:
    """Keep the document where others have to do with it; returns the place."""
    return aws.care.keep(Former(part.bucket, found, part.written, part.owner)) if _are_others(part, found) else ""


def _put(aws: Aws, part: Part, found: Document) -> Document:
    """Put our part, and return what is there when others have had their turn.

    Where the answer was lost, that tells whether S3 took it. If not, the error is raised, so that the whole verb is
    done again, from its read.
    """
    others = _are_others(part, found)
    put = sent(aws.patience, lambda: put_checked(aws, part.bucket, part.target(found), part.owner))
    if others and put.slow:
        aws.care.tell(slow_write(_address(part.bucket), "the notifications", "entries"))
    if put.error is not None and not others:
        raise put.error
    shown = _shown(aws, part, found)
    if put.error is not None and document.same(shown, found):
        raise put.error
    return shown


def _shown(aws: Aws, part: Part, before: Document) -> Document:
    """Read back, when others have had their turn where there are others."""
    wanted = part.merged(before)
    if _are_others(part, before):
        let_others_have_their_turn(aws.patience, "the bucket's notifications")
    return until_steady(
        aws.patience,
        lambda: read(aws, part.bucket, part.owner),
        arrived=lambda found: part.is_in(found) and document.same(part.foreign(found), part.foreign(wanted)),
        former=before,
        same=document.same,
    )


def _tell_lost(aws: Aws, part: Part, former: Document, found: Document, place: str) -> None:
    """Tell which entries of others went or changed while we were at work: not by us, since our put had them in it."""
    lost = [str(entry) for entry in document.gone(part.foreign(former), found)]
    if EVENTBRIDGE in former and EVENTBRIDGE not in found:
        lost.append("EventBridge")
    if lost:
        what = "While this run wrote, somebody else removed or changed in the notifications: " + "; ".join(lost)
        back = f"`task-deploy restore-notifications {part.bucket} --from {shlex.quote(place)}` puts it back"
        told = [what, *([f"If that was no intention, {back}"] if place else [])]
        aws.care.tell(
            Remark("foreign-entries-changed", _address(part.bucket), "".join(f"{one}. " for one in told).rstrip())
        )


def _unchecked(bucket: str, error: ClientError, target: Target) -> Remark:
    looked_at = "; this stack's own were looked at and are fine" if target.ours else ""
    return Remark(
        "skipped-validation",
        _address(bucket),
        "S3 was told not to check the destinations, because it refuses those of others: "
        + ", ".join(refused_destinations(error))
        + f". They get no events until their owners mend them{looked_at}.",
    )


def _address(bucket: str) -> str:
    return f"notifications.{bucket}"


def _missing(part: Part, found: Document) -> list[str]:
    there = document.ours(found, part.written)
    missing = [
        f"{entry} is not there" for id_, entry in document.named(part.entries).items() if there.get(id_) != entry
    ]
    return missing or [f"{entry} is there again" for entry in there.values()]


def _kept_at(place: str) -> list[str]:
    return [f"The document as it was before is in {place}"] if place else []
