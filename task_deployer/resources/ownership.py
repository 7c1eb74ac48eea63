"""What a create verb does when the name was taken between our look and our call."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from task_deployer.aws import Aws
from task_deployer.errors import SafetyError, UnsureError
from task_deployer.resources.base import Tagged
from task_deployer.retry import never_shown, until_visible
from task_deployer.tags import MANIFEST, owner_of

Found = TypeVar("Found", bound=Tagged)


class Claimed(Protocol):
    """A wish for a thing that bears our tags."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that we give."""


def is_ours(found: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether what we met is our own: botocore may have repeated a create whose first answer was lost."""
    return MANIFEST in ours and found.get(MANIFEST) == ours[MANIFEST]


def recognised(aws: Aws, wanted: Claimed, what: str, look: Callable[[], Found | None], error: Exception) -> Found:
    """What bears our name at AWS, if it is ours: a repeated create meets its own first success.

    AWS may not show it yet, or not its tags, so both are waited for. Raises `SafetyError` if it is another's, and the
    `error` that said that the name is taken if nothing of that name is ever shown.
    """

    def marked() -> Found | None:
        seen = look()
        return seen if seen is not None and seen.tags else None

    seen = until_visible(aws.patience, f"AWS to show {what}", marked) or look()
    if seen is None:
        raise never_shown(error, what)
    if not is_ours(seen.tags, wanted.tags):
        raise taken(what, seen.tags) from error
    return seen


def taken(what: str, found: Mapping[str, str]) -> SafetyError:
    """The name belongs to somebody else; nothing of theirs was touched."""
    return SafetyError(
        f"{what[0].upper()}{what[1:]} exists already and is not ours",
        detail=f"It appeared while this run was at work; {owner_of(found)}. It was left as it is.",
        hint="Choose another name in the config, or remove that one if it is yours to remove.",
    )


def doubtful(what: str, found: Mapping[str, str]) -> UnsureError:
    """Our creation was answered, and what AWS shows bears the tags of somebody else; nothing of theirs was touched."""
    return UnsureError(
        f"AWS shows {what} with another owner's tags",
        detail=f"It was created, and since then {owner_of(found)}: those of one that had this name before, or of one "
        "that somebody made in the same moment. It was left as it is, and stays on record.",
        hint="Run the same command again: it goes on as soon as the tags are ours. If it is somebody else's, choose "
        "another name in the config.",
    )
