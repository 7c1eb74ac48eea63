"""What no deletion touches although it is recorded, and why. Pure."""

from collections.abc import Mapping

from task_deployer.records import Origin, Record, whole_of
from task_deployer.resources.base import Address
from task_deployer.whose import is_anothers

_MADE_ANEW = "left: its tags do not say that it is ours; if it is, remove it by hand"


def left_of(
    records: Mapping[Address, Record], observed: Mapping[Address, object], lineage: str
) -> Mapping[Address, str]:
    """What is not deleted, and why: what somebody made anew in the place of ours, with all that lies in it.

    So is what lies in a thing that is not on record as made by us. Our entries in a shared document are no part of
    that: they are known one by one, and go whoever owns the document.
    """
    anothers = {address for address, record in records.items() if is_anothers(record, observed.get(address), lineage)}
    left = dict.fromkeys(anothers, _MADE_ANEW)
    for address, record in records.items():
        whole = whole_of(record, records)
        if whole is not None and whole in anothers:
            left[address] = _MADE_ANEW
        elif whole is not None and (whole not in records or records[whole].origin is Origin.ADOPTED):
            left[address] = f"left: {whole} is not recorded as made by us"
    return left
