"""Writing into a document that others replace as a whole too, without a lock: their turn, and what stays after it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.refusals import CALL_ERRORS, leaves_open
from task_deployer.resources.base import Identity
from task_deployer.retry import Patience, looking

D = TypeVar("D")

OTHERS_TURN = 3.0
"""Seconds after our put within which those who had read before it have put: a read, a merge, and S3's check of every
destination. Then our part stays, or is seen to be gone. (S3 takes minutes to act by a new document anyway.)"""

STALE_SECONDS = 60
"""For how long no number of looks may show what was put. (S3 may show old and new in turns for longer.)"""


@runtime_checkable
class Borrowing(Protocol):
    """A kind whose entries may be in a document of what stays when they go."""

    @classmethod
    def take_out(cls, aws: Aws, identity: Identity, seen: object, *, beside_others: bool) -> None:
        """Take our entries out of such a document, and see that they stay out. What is absent already is done.

        `seen` is what was seen of it before. `beside_others`: others may write to it too, also if nothing in it tells.
        """


@dataclass(frozen=True)
class Sent:
    """How a put went. `slow`: others who read before it may have put and looked before S3 took it, and miss nothing.

    `error`: it leaves open whether S3 took it, which only a read can tell. Unread it must not be put again.
    """

    slow: bool
    error: Exception | None


def sent(patience: Patience, put: Callable[[], None]) -> Sent:
    """Put, and see how that went. An error after which it surely was not taken is raised."""
    begun, lost = patience.now(), None
    try:
        put()
    except CALL_ERRORS as error:
        if not leaves_open(error):
            raise
        lost = error
    return Sent(patience.now() - begun > OTHERS_TURN, lost)


def slow_write(address: str, what: str, parts: str) -> Remark:
    """What to tell of a slow put: nobody can see what it wrote over."""
    return Remark(
        "slow-write",
        address,
        f"S3 took longer than {OTHERS_TURN:.0f} seconds to take {what}. If another deployment to this "
        f"bucket ended in that time, run it again: its {parts} may have been written over.",
    )


def let_others_have_their_turn(patience: Patience, what: str) -> None:
    """Wait until those who had read before our put have put."""
    patience.tell(f"other writers' turn on {what}")
    patience.sleep(OTHERS_TURN)


def until_there(patience: Patience, read_once: Callable[[], D], is_there: Callable[[D], bool]) -> D:
    """Read until the document shows what of ours is known to be in it: a read without it may be from before it came.

    What is put must not be made from such a read, nor be held for needless because of it. Returns the last read, which
    is without ours if somebody else has taken them out.
    """
    return looking(
        patience, "S3 to show what this stack has there", STALE_SECONDS, read_once, lambda d: not is_there(d)
    )


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

    return looking(patience, "S3 to show what was put", STALE_SECONDS, read_once, is_open)
