"""Log groups that were there before their functions: `up` takes them over, and the plan says what becomes of them.

Lambda makes a group by itself at the first log line, without tags, and `down --keep-logs` leaves one with ours. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from task_deployer.plan import Change, Desired, Plan
from task_deployer.records import Record
from task_deployer.resources import Function, LogGroup
from task_deployer.resources.base import Address
from task_deployer.resources.log_group import SeenLogGroup
from task_deployer.tags import MANIFEST


def taking_over(
    planned: Plan, desired: Sequence[Desired], observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> Plan:
    """The same plan, telling whose each such group may be, that `down` deletes it, and which events go before.

    A group beside its function is Lambda's own doing, and one that is on record has been taken over.
    """
    said = {
        group.address: _told(group, seen)
        for group in desired
        if isinstance(group, LogGroup)
        and group.address not in records
        and isinstance(seen := observed.get(group.address), SeenLogGroup)
        and observed.get(Address(f"{Function.kind}.{group.scope}")) is None
    }

    def told(change: Change) -> Change:
        words = said.get(change.address)
        return replace(change, reason="; ".join(filter(None, (change.reason, words)))) if words else change

    return Plan(tuple(map(told, planned.changes)))


def _told(group: LogGroup, seen: SeenLogGroup) -> str:
    return f"it was there before the function, {_whose(group, seen)}, and is taken over: {_lost(group, seen)}"


def _whose(group: LogGroup, seen: SeenLogGroup) -> str:
    theirs = seen.tags.get(MANIFEST, "")
    if not seen.tags:
        return "without tags, as Lambda makes one"
    if theirs == group.tags.get(MANIFEST):
        return "with this manifest's tags"
    return f"of the lineage {theirs or 'unknown'}, as `down --keep-logs` leaves one"


def _lost(group: LogGroup, seen: SeenLogGroup) -> str:
    shorter = seen.retention_days is None or seen.retention_days > group.retention_days
    older = f"events older than {group.retention_days} days go now, and " if shorter else ""
    return f"{older}`down` deletes it with all that is in it, unless --keep-logs"
