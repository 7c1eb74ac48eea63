"""The rules of a bucket's CORS document, and merging ours into a document that others share with us. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from task_deployer.resources.base import Difference, Value, differing
from task_deployer.resources.shared_rules import Rule

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef

LIMIT = 100
"""How many rules S3 takes for one bucket (S3 user guide, "Elements of a CORS configuration")."""

_LISTS = ("AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders")


@dataclass(frozen=True)
class CorsRule:
    """One rule. The first that matches a request wins, so their order counts."""

    id: str
    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[str, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None

    def render(self) -> "CORSRuleOutputTypeDef":
        """The rule as S3 takes it. Empty lists are left out: S3 refuses some of them."""
        values = (self.allowed_origins, self.allowed_methods, self.allowed_headers, self.expose_headers)
        rule: dict[str, object] = {"ID": self.id}
        rule |= {key: list(value) for key, value in zip(_LISTS, values, strict=True) if value}
        if self.max_age_seconds is not None:
            rule["MaxAgeSeconds"] = self.max_age_seconds
        return rule  # type: ignore[return-value]  # the keys are S3's


def merge(
    document: "Sequence[CORSRuleOutputTypeDef]", rules: Sequence[CorsRule], ours: Sequence[str]
) -> "list[CORSRuleOutputTypeDef]":
    """The document with exactly these rules of ours in it; `ours` are the ids that may be written over.

    Rules of others keep their order, and ours the places that they have among them: the first rule that matches wins,
    so moving one could change what a page of theirs may do. What has no place yet goes to the end.
    """
    wanted = [rule.render() for rule in rules]
    merged: list[CORSRuleOutputTypeDef] = []
    for rule in document:
        if rule.get("ID") not in ours:
            merged.append(rule)
        elif wanted:
            merged.append(wanted.pop(0))
    return [*merged, *wanted]


def clashes(document: Sequence[Rule], rules: Sequence[CorsRule]) -> tuple[str, ...]:
    """The ids of ours that rules in the document bear which say something else."""
    found = {rule.get("ID"): canonical(rule) for rule in document}
    return tuple(rule.id for rule in rules if rule.id in found and found[rule.id] != canonical(rule.render()))


def numbered(rule: Rule, stem: str) -> bool:
    """Whether its id is this with a number behind it, as those of the rules of one bucket of one task are."""
    return re.fullmatch(f"{re.escape(stem)}-[1-9][0-9]*", str(rule.get("ID") or "")) is not None


def differences(wanted: Sequence[CorsRule], found: Sequence[Rule]) -> tuple[Difference, ...]:
    """How the rules differ, rule by rule in their order."""
    ours, theirs = [canonical(rule.render()) for rule in wanted], [canonical(rule) for rule in found]
    return tuple(
        difference
        for index in range(max(len(ours), len(theirs)))
        for difference in _rule_differences(index, _at(ours, index), _at(theirs, index), _id_at(found, index))
    )


def canonical(rule: "CORSRuleOutputTypeDef | Rule") -> dict[str, Value]:
    """The rule in a form to compare: the order within its lists means nothing. Its id says whose it is, and counts."""
    lists: dict[str, Value] = {key: tuple(_sorted(rule.get(key))) for key in _LISTS}
    age = rule.get("MaxAgeSeconds")
    return {**lists, "MaxAgeSeconds": age if isinstance(age, int) else None, "ID": str(rule.get("ID") or "") or None}


def _sorted(value: object) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, list) else []


def _at(rules: list[dict[str, Value]], index: int) -> dict[str, Value] | None:
    return rules[index] if index < len(rules) else None


def _id_at(rules: Sequence[Rule], index: int) -> str:
    return str(rules[index].get("ID") or "") if index < len(rules) else ""


def told(rule: Rule) -> str:
    """The rule for people: its id, its methods and its origins."""
    named = f"CORS rule {rule['ID']}" if rule.get("ID") else "a CORS rule without an id"
    return f"{named} ({_in_words(canonical(rule))})"


def _rule_differences(
    index: int, wanted: dict[str, Value] | None, found: dict[str, Value] | None, found_id: str
) -> tuple[Difference, ...]:
    path = f"CORSRules[{index + 1}]"
    if wanted is None or found is None:
        there = _in_words(found)
        return (Difference(path, _in_words(wanted), f"{there} ({found_id})" if there and found_id else there),)
    return differing(wanted, found, f"{path}.")


def _in_words(rule: dict[str, Value] | None) -> str | None:
    if rule is None:
        return None
    methods, origins = (rule[key] for key in ("AllowedMethods", "AllowedOrigins"))
    return f"{_spaced(methods)} from {_spaced(origins)}"


def _spaced(value: Value) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
