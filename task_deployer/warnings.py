"""What somebody should think about: mostly what a config does that its author may not mean. Pure."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from task_deployer.care import Remark
from task_deployer.config import BucketConfig, Config
from task_deployer.errors import SafetyError
from task_deployer.resources.base import Address


@dataclass(frozen=True)
class Warning:  # noqa: A001 - the contract's word; Python's own is never needed here
    """One thing to think about. `code` is stable, for scripts."""

    code: str
    address: Address
    message: str


def warnings_of(config: Config, only: str | None = None) -> tuple[Warning, ...]:
    """Find them all."""
    return tuple(_recursion(config, only))


def late(address: Address) -> Warning:
    """What AWS did not show in time. The write was answered, so nothing failed; a reversal by others looks the same."""
    message = (
        "AWS took it, and still shows what was there before: it is slow to show the change, or somebody else has put "
        "that back. `task-deploy status` says when it no longer does; if it stays so, `task-deploy up` writes it again."
    )
    return Warning("not-shown-yet", address, message)


def overwritten(address: Address, paths: Sequence[str]) -> Warning:
    """What is neither as this run wrote it nor as it was before: somebody else's doing. No paths: it is gone."""
    what = f"differs from what this run wrote ({', '.join(paths)})" if paths else "is gone"
    message = (
        f"it {what}, and that is not what was there before either: somebody else has changed it since. "
        "`task-deploy plan` shows how, `task-deploy up` makes it as wanted."
    )
    return Warning("changed-meanwhile", address, message)


def told(remark: Remark) -> Warning:
    """What a verb had to tell besides its outcome, as a warning."""
    return Warning(remark.code, Address(remark.address), remark.message)


def left_behind(manifests: Sequence[str]) -> tuple[Warning, ...]:
    """Name the manifests of other stacks that a `down` leaves: a stack that was renamed is another one."""
    return tuple(
        Warning(
            "other-manifest",
            Address(path),
            "it records another stack of this environment, which this `down` leaves. If the stack was renamed: "
            f"`task-deploy down --manifest {shlex.quote(path)}` removes what is left of it.",
        )
        for path in manifests
    )


def lost(stack: str | None, manifest: str) -> tuple[Warning, ...]:
    """Say what there is to do if a manifest was lost: `down` removes what is recorded alone. None without a stack."""
    message = (
        f"there is no such manifest. If it was lost while {stack} is deployed, `task-deploy adopt` rebuilds it from "
        "the tags at AWS, and `task-deploy down` then removes all that it records."
    )
    return (Warning("no-manifest", Address(manifest), message),) if stack else ()


def refuse(warnings: tuple[Warning, ...]) -> None:
    """Raise `SafetyError` if there are any: what --strict asks for."""
    if warnings:
        raise SafetyError(
            f"Refused by --strict: {len(warnings)} warning" + ("" if len(warnings) == 1 else "s"),
            detail="\n".join(f"{warning.address}: {warning.message}" for warning in warnings),
            hint="Settle them in the config, or run without --strict.",
            address=warnings[0].address,
        )


def _recursion(config: Config, only: str | None) -> Iterator[Warning]:
    for task, job in config.tasks.items():
        if only not in (None, task):
            continue
        writers = {bucket.name or key: bucket.mode for key, bucket in job.buckets.items() if _writes(bucket)}
        for key, bucket in job.buckets.items():
            mode = writers.get(bucket.name or key)
            if mode and _listens(bucket):
                yield Warning(
                    "recursion",
                    Address(f"bucket.{task}.{key}"),
                    f"the task may write to this bucket ({mode}), and whatever is created in it runs the task: it "
                    'can run itself without end. A prefix or suffix that tells input from output (prefix = "in/") '
                    "silences this, and so does allow_recursion = true.",
                )


def _writes(bucket: BucketConfig) -> bool:
    """One bucket at AWS may be in several tables of a task: written through one, listened to through another."""
    return bucket.mode in ("Write", "ReadWrite")


def _listens(bucket: BucketConfig) -> bool:
    created = any(event.startswith("ObjectCreated") for event in bucket.events)
    return created and not (bucket.prefix or bucket.suffix or bucket.allow_recursion)
