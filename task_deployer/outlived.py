"""What looks well and does not work, because the thing that it is tied to was made anew. Pure."""

from collections.abc import Mapping, Sequence

from task_deployer.records import Record
from task_deployer.resources.base import Address, AnyResource, Difference
from task_deployer.resources.tied import Bound, Unique


def outlived(
    desired: Sequence[AnyResource], observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> dict[Address, Difference]:
    """Which things are tied to one that somebody made anew, or that is gone and about to be made anew.

    They look well, and do not work: a function keeps a grant for the very role that it was made with.
    """
    found = {}
    for address, parent in _ties(desired, observed).items():
        seen = observed.get(parent.address)
        known, now = known_id(records.get(address)), seen.unique_id if isinstance(seen, Unique) else ""
        if seen is None or (known and now and known != now):
            difference = Difference(f"{parent.address}.UniqueId", now or "(made anew)", known or "(gone)")
            found[address] = difference
    return found


def missed(desired: Sequence[AnyResource], observed: Mapping[Address, object]) -> dict[Address, AnyResource]:
    """What was not seen and has something tied to it, by the address of that: one that would have to be made anew."""
    ties = _ties(desired, observed)
    return {address: parent for address, parent in ties.items() if observed.get(parent.address) is None}


def known_id(record: Record | None) -> str:
    """AWS's own id of what the recorded thing is tied to; empty where no run has lived to see it."""
    return record.bound_to if record is not None else ""


def _ties(desired: Sequence[AnyResource], observed: Mapping[Address, object]) -> dict[Address, AnyResource]:
    """What each thing that is there is tied to."""
    return {
        resource.address: resource.bound_to
        for resource in desired
        if isinstance(resource, Bound)
        and (seen := observed.get(resource.address)) is not None
        and resource.is_bound(seen)
    }
