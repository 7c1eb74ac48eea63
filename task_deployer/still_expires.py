"""Rules of ours that go on deleting objects in a bucket that is left and forgotten. Pure."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from task_deployer.plan import Action, Plan
from task_deployer.records import Record
from task_deployer.resources import Lifecycle
from task_deployer.resources.base import Address, entries_of
from task_deployer.resources.lifecycle import SeenLifecycle
from task_deployer.resources.lifecycle_document import Document, Expiry, expiries, recorded_expiries
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

_EMPTY = Document()


def still_expiring(
    planned: Plan, observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> Iterator[Warning]:
    """Warn of each rule that the plan leaves and forgets, as it was seen."""
    for change in planned.of(Action.KEEP):
        seen = observed.get(change.address)
        if change.forgets and isinstance(seen, SeenLifecycle):
            bucket = records[change.address].identity["bucket"]
            stop = stopping(bucket, [str(rule.get("ID")) for rule in seen.rules], seen.others)
            for expiry in expiries(seen.rules):
                yield _warning(change.address, bucket, expiry, f"`{stop}` stops that.")


def forgotten(records: Iterable[tuple[Address, Record]]) -> Iterator[Warning]:
    """Warn of each rule among records that are forgotten, by what is recorded of it: nobody has looked at S3."""
    for address, record in records:
        if record.kind == Lifecycle.kind:
            bucket = record.identity["bucket"]
            show = f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket}"
            advice = f"`{stopping(bucket, ())}` stops that, and removes all rules that `{show}` shows."
            for expiry in recorded_expiries(entries_of(record.identity)):
                yield _warning(address, bucket, expiry, advice)


def _warning(address: Address, bucket: str, expiry: Expiry, advice: str) -> Warning:
    told = f"the bucket {bucket} stays, and the rule {expiry.id} with it: {deed(expiry)}. {advice}"
    return Warning("still-expires", address, told)


def deed(expiry: Expiry) -> str:
    """What the rule does."""
    return f"S3 goes on deleting each object {expiry.days} day{'' if expiry.days == '1' else 's'} after it was written"


def stopping(bucket: str, ours: Sequence[str], others: Document = _EMPTY) -> str:
    """The command that removes our rules. Beside `others` S3 is given theirs again, as they are when it is typed."""
    where = f"--bucket {bucket}"
    if not others.rules:
        return f"aws s3api delete-bucket-lifecycle {where}"
    theirs = shlex.quote(f"{{Rules: Rules[?!contains(`{json.dumps(ours)}`, ID)]}}")
    rules = f'"$(aws s3api get-bucket-lifecycle-configuration {where} --query {theirs} --output json)"'
    smallest = f" --transition-default-minimum-object-size {others.smallest}" if others.smallest else ""
    return f"aws s3api put-bucket-lifecycle-configuration {where} --lifecycle-configuration {rules}{smallest}"
