"""What looks well and does not work, because the thing that it is tied to was made anew. Pure."""

from collections.abc import Mapping, Sequence

from task_deployer.records import Record
from task_deployer.resources.base import Address, AnyResource, Bound, Difference, Unique


def outlived(
    desired: Sequence[AnyResource], observed: Mapping[Address, object], records: Mapping[Address, Record]
) -> dict[Address, Difference]:
    """Which things are tied to one that somebody made anew, or that is gone and about to be made anew.

    They look well, and do not work: a function keeps a grant for the very role that it was made with.
    """
    found = {}
    for resource in desired:
        seen = observed.get(resource.address)
        if isinstance(resource, Bound) and seen is not None and resource.is_bound(seen):
            parent = observed.get(resource.bound_to.address)
            record = records.get(resource.address)
            known, now = record.bound_to if record else "", parent.unique_id if isinstance(parent, Unique) else ""
            if parent is None or (known and now and known != now):
                path = f"{resource.bound_to.address}.UniqueId"
                found[resource.address] = Difference(path, now or "(made anew)", known or "(gone)")
    return found
