"""Writing into a document that others replace as a whole too, without a lock: their turn, and what stays after it."""

from collections.abc import Callable
from typing import TypeVar

from task_deployer.retry import Patience, looking

D = TypeVar("D")

OTHERS_TURN = 3.0
"""Seconds after our put within which those who had read before it have put: a read, a merge, and S3's check of every
destination. Then our part stays, or is seen to be gone. (S3 takes minutes to act by a new document anyway.)"""

_SHOWN_SECONDS = 60


def let_others_have_their_turn(patience: Patience, what: str) -> None:
    """Wait until those who had read before our put have put."""
    patience.tell(f"other writers' turn on {what}")
    patience.sleep(OTHERS_TURN)


def until_steady(
    patience: Patience,
    read_once: Callable[[], D],
    *,
    arrived: Callable[[D], bool],
    former: D,
    same: Callable[[D, D], bool],
) -> D:
    """Read until the document shows what was put, or it is clear that somebody else has put another one.

    S3's reads of a bucket's documents lag behind its writes, and show the old and the new in turns for a while. So the
    former document says nothing for a minute, and any other one only when two reads in a row are the same. Returns the
    last read.
    """
    last: list[D] = []

    def is_open(found: D) -> bool:
        twice = bool(last) and same(last[-1], found)
        last.append(found)
        return not arrived(found) and (same(found, former) or not twice)

    return looking(patience, "S3 to show what was put", _SHOWN_SECONDS, read_once, is_open)
