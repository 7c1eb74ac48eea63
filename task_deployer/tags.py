"""The tags that say whose a thing is. Pure."""

from collections.abc import Mapping
from typing import TypedDict

STACK, ENV, MANIFEST = "task-deployer:stack", "task-deployer:env", "task-deployer:manifest"


class Pair(TypedDict):
    """A tag as S3 and IAM write it."""

    Key: str
    Value: str


def tags_of(stack: str, env: str, lineage: str, users: Mapping[str, str]) -> dict[str, str]:
    """All the tags that a thing of ours bears; ours win over the user's."""
    return {**users, STACK: stack, ENV: env, MANIFEST: lineage}


def belongs_to_another(found: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether these tags are of another stack or environment than ours, or of none."""
    return (found.get(STACK), found.get(ENV)) != (ours.get(STACK), ours.get(ENV))


def owner_of(found: Mapping[str, str]) -> str:
    """Say in words whose tags these are."""
    if STACK in found:
        return f"its tags say stack {found[STACK]!r}, environment {found.get(ENV, '?')!r}"
    return f"its tags are {', '.join(f'{k}={v}' for k, v in sorted(found.items()))}" if found else "it bears no tags"


def as_pairs(tags: Mapping[str, str]) -> list[Pair]:
    """As S3 and IAM take them, sorted."""
    return [Pair(Key=key, Value=value) for key, value in sorted(tags.items())]
