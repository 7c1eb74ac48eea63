"""The rules of a bucket's lifecycle document, and merging ours into one in which others have rules too. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from task_deployer.resources.shared_rules import Rule

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

_WHERE = ("ID", "Status", "Filter", "Prefix")


@dataclass(frozen=True)
class LifecycleRule:
    """One rule for the whole bucket: objects expire, or abandoned uploads do, after this many days."""

    id: str
    expire_days: int | None = None
    abort_uploads_days: int | None = None

    @property
    def entry(self) -> str:
        """What is recorded of it: its id, and after how many days objects go, since it may stay and be forgotten."""
        return self.id if self.expire_days is None else f"{self.id}={self.expire_days}"

    def render(self, *, plain: bool = False) -> "LifecycleRuleTypeDef":
        """The rule as S3 takes it; `plain`: in the older form, with a prefix in place of a filter."""
        rule: LifecycleRuleTypeDef = {"ID": self.id, "Status": "Enabled"}
        if plain:
            rule["Prefix"] = ""
        else:
            rule["Filter"] = {"Prefix": ""}
        if self.expire_days is not None:
            rule["Expiration"] = {"Days": self.expire_days}
        if self.abort_uploads_days is not None:
            rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": self.abort_uploads_days}
        return rule


@dataclass(frozen=True)
class Expiry:
    """A rule by which objects are deleted so many days after they were written."""

    id: str
    days: str


def ids_of(entries: Sequence[str]) -> frozenset[str]:
    """The ids of recorded rules."""
    return frozenset(entry.partition("=")[0] for entry in entries)


def recorded_expiries(entries: Sequence[str]) -> tuple[Expiry, ...]:
    """Those among recorded rules by which objects are deleted."""
    parts = (entry.partition("=") for entry in entries)
    return tuple(Expiry(rule_id, days) for rule_id, _, days in parts if days)


def expiries(rules: Sequence[Rule]) -> tuple[Expiry, ...]:
    """Those among rules at S3 that are switched on, and by which objects are deleted after some days."""
    found = ((rule, rule.get("Expiration")) for rule in rules if rule.get("Status") == "Enabled")
    return tuple(
        Expiry(str(rule.get("ID")), str(deed["Days"]))
        for rule, deed in found
        if isinstance(deed, Mapping) and deed.get("Days")
    )


@dataclass(frozen=True)
class Document:
    """All rules, and from which size on S3 moves objects to other classes: a put that leaves that out resets it."""

    rules: tuple[Rule, ...] = ()
    smallest: str = ""


def merge(document: Document, rules: Sequence[LifecycleRule], ours: Collection[str]) -> Document:
    """The document with exactly these rules of ours in it; `ours` are the ids that may be written over.

    Rules of others stay as they are. S3 takes no document in which some rules have a filter and some the older prefix
    ("Filter element can only be used in Lifecycle V2", InvalidRequest), so ours take the form of theirs.
    """
    others = theirs(document, ours)
    plain = any("Prefix" in rule for rule in others)
    return replace(document, rules=(*others, *({**rule.render(plain=plain)} for rule in rules)))


def theirs(document: Document, ours: Collection[str]) -> tuple[Rule, ...]:
    """The rules of others."""
    return tuple(rule for rule in document.rules if rule.get("ID") not in ours)


def in_words(rules: Sequence[Rule]) -> dict[str, str]:
    """Each rule in a form to compare, by its id."""
    return {str(rule.get("ID")): _rule_in_words(rule) for rule in rules}


def _rule_in_words(rule: Rule) -> str:
    """An empty prefix, an empty filter and none at all mean the whole bucket alike."""
    deeds = [f"{key} {value}" for key, value in sorted(rule.items()) if key not in _WHERE]
    where = rule.get("Filter")
    told = {"Prefix": rule.get("Prefix"), **(where if isinstance(where, Mapping) else {})}
    meant = {key: value for key, value in told.items() if value}
    return f"{rule.get('Status')} for {meant or 'the whole bucket'}: {'; '.join(deeds)}"
