"""Putting back what others had in a bucket's notification document, from what was kept before we wrote it.

Only what is not this stack's is put back: its own entries are `up`'s. What appeared since stays, unless told to go.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from task_deployer import kept_documents
from task_deployer.aws import Aws
from task_deployer.care import Former, Remark
from task_deployer.commands import Run
from task_deployer.errors import ResourceError, SafetyError, UsageError
from task_deployer.kept_documents import Kept, with_care
from task_deployer.observe import ask_all
from task_deployer.project import Project
from task_deployer.resources import notification_write
from task_deployer.resources.base import Address
from task_deployer.resources.notification_document import Document, same
from task_deployer.resources.notification_refusal import Target
from task_deployer.resources.notification_restoration import Restoration, restoration
from task_deployer.resources.other_writers import sent, until_steady
from task_deployer.throttle import persistently


@dataclass(frozen=True)
class Choice:
    """What to put back: the last document of a bucket that no restoration kept, or the one in `file`.

    `drop_new`: what appeared since goes. `skip_dead_foreign`: also where S3 cannot reach its destinations.
    """

    bucket: str
    file: Path | None = None
    drop_new: bool = False
    skip_dead_foreign: bool = False


@dataclass(frozen=True)
class Restored:
    """What was put back, or found to need nothing, and what is to be told about it."""

    kept: Kept
    plan: Restoration
    remarks: tuple[Remark, ...] = ()


def restore(project: Project, run: Run, choice: Choice, show: Callable[[Restored], None]) -> Restored:
    """Put back what a kept document holds, as far as it is not ours; `show` is told before anything is changed.

    Raises `UsageError` if nothing is kept, `SafetyError` for another account's and for what S3 would refuse beside
    what is there now, `ResourceError` if somebody else writes at the same time.
    """
    beside, bucket = project.kept_beside(), choice.bucket
    folder = kept_documents.folder_of(beside)
    chosen = kept_documents.load(choice.file) if choice.file else _last(folder, bucket)
    if chosen.bucket != bucket:
        raise UsageError(f"{chosen.path} is of the bucket {chosen.bucket}, not of {bucket}", hint="Name that bucket.")
    aws = project.connect(project.region(None, chosen), None, run.lookout)
    _check_account(aws, chosen)
    chosen = replace(chosen, ours=_ours(folder, chosen))
    aws, remarks = with_care(aws, beside, choice.skip_dead_foreign)
    means, address = run.connect(aws), Address(f"notifications.{bucket}")
    found = ask_all(means, {address: lambda given: notification_write.read(given, bucket, chosen.owner)})[address]
    plan = restoration(chosen.document, found, chosen.ours, drop_new=choice.drop_new)
    restored = Restored(chosen, plan)
    show(restored)
    if plan.refusals:
        raise SafetyError(
            f"What was kept of the bucket {bucket} does not go with what is there now",
            detail="\n".join([*(refusal.what for refusal in plan.refusals), "Nothing was changed."]),
            hint=" ".join(dict.fromkeys(refusal.advice for refusal in plan.refusals)),
        )
    if plan.changes:
        run.confirm(f"This changes notifications of the bucket {bucket} that are not this stack's. Go on?")
        ask_all(means, {address: lambda given: _put_at_last(given, chosen, plan)})
    return replace(restored, remarks=tuple(remarks))


def _last(folder: Path, bucket: str) -> Kept:
    """The last one, but for what a restoration kept: that is what was to be mended, and taking it would undo that."""
    paths = kept_documents.paths_of(folder, bucket)
    for path in reversed(paths):
        kept = kept_documents.load(path)
        if not kept.undone:
            return kept
    if paths:
        raise UsageError(
            f"Of the bucket {bucket} only what `restore-notifications` itself wrote over is kept here",
            detail=f"The last one is {paths[-1]}. Nothing was changed.",
            hint=f"To undo what it did, add --from {shlex.quote(str(paths[-1]))}",
        )
    buckets = ", ".join(kept_documents.buckets_in(folder))
    raise UsageError(
        f"No former notifications of the bucket {bucket} are kept here",
        detail=f"{folder} has " + (f"those of {buckets}." if buckets else "none."),
        hint="Go to the project whose `up` or `down` wrote them, or name a file with --from.",
    )


def _ours(folder: Path, chosen: Kept) -> tuple[str, ...]:
    """The keys of all that this project ever had in the bucket: later runs may have added entries of ours."""
    every = (kept_documents.load(path) for path in kept_documents.paths_of(folder, chosen.bucket))
    return tuple(sorted({*chosen.ours, *(key for kept in every for key in kept.ours)}))


def _check_account(aws: Aws, chosen: Kept) -> None:
    theirs, ours = (chosen.account.id, chosen.account.region), (aws.account.id, aws.account.region)
    if theirs != ours:
        raise SafetyError(
            f"The kept notifications are of account {theirs[0]} in {theirs[1]}, but this is {ours[0]} in {ours[1]}",
            detail=f"{chosen.path}. Nothing was changed.",
            hint="Switch the credentials or --region back.",
        )


def _put_at_last(aws: Aws, chosen: Kept, plan: Restoration) -> None:
    persistently(aws.patience, aws.pace, "s3", lambda: _put(aws, chosen, plan))


def _put(aws: Aws, chosen: Kept, plan: Restoration) -> None:
    """Put it, if nothing has changed since it was shown; see that it is there."""
    bucket = chosen.bucket

    def read() -> Document:
        return notification_write.read(aws, bucket, chosen.owner)

    found = read()
    if not same(found, plan.found):
        raise _meanwhile(bucket, "changed after they were shown. Nothing was changed by this run")
    place = aws.care.keep(Former(bucket, found, chosen.ours, chosen.owner, undone=True))
    target = Target(plan.target, (), "what was kept is put back")
    put = sent(aws.patience, lambda: notification_write.put_checked(aws, bucket, target, chosen.owner))
    after = until_steady(
        aws.patience, read, arrived=lambda document: same(document, plan.target), former=found, same=same
    )
    if put.error is not None and same(after, found):
        raise put.error
    if not same(after, plan.target):
        undo = f" To have them as they were before both, add --from {shlex.quote(place)}" if place else ""
        raise _meanwhile(bucket, f"changed while this run put them. They were before as {place} says", undo)


def _meanwhile(bucket: str, what: str, undo: str = "") -> ResourceError:
    return ResourceError(
        f"Somebody else writes the notifications of the bucket {bucket} at the same time",
        code="NotificationsContended",
        detail=f"They {what}.",
        hint=f"Run the same command again: it shows the difference anew.{undo}",
    )
