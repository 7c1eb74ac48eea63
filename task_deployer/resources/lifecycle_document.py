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
