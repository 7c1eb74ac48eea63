"""What a create verb says when the name was taken between our look and our call."""

from collections.abc import Mapping

from task_deployer.errors import SafetyError
from task_deployer.tags import MANIFEST, owner_of


def is_ours(found: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether what we met is our own: botocore may have repeated a create whose first answer was lost."""
    return MANIFEST in ours and found.get(MANIFEST) == ours[MANIFEST]


def taken(what: str, found: Mapping[str, str]) -> SafetyError:
    """The name belongs to somebody else; nothing of theirs was touched."""
    return SafetyError(
        f"{what} exists already and is not ours",
        detail=f"It appeared while this run was at work; {owner_of(found)}. It was left as it is.",
        hint="Choose another name in the config, or remove that one if it is yours to remove.",
    )
