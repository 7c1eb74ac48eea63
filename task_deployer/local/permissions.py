"""Deciding what a policy allows: IAM's evaluation, cut to what the local AWS needs. Pure.

Conditions of identity policies are not modelled: an Allow with one counts as an Allow, a Deny with one as absent. The
two conditions that tie an invoke permission to its bucket (SourceArn, SourceAccount) are honoured. Permissions
boundaries are not modelled either.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import cast

Statement = Mapping[str, object]


class Verdict(Enum):
    """What a set of policies says about one action on one resource; an explicit deny beats every allow."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    UNMENTIONED = "not mentioned"


def judge(documents: Iterable[Mapping[str, object]], action: str, resource: str) -> Verdict:
    """Evaluates identity policies for one action (`s3:GetObject`) on one resource ARN."""
    verdict = Verdict.UNMENTIONED
    for statement in statements_of(documents):
        if not _concerns(statement, action, resource):
            continue
        if statement.get("Effect") == "Deny" and "Condition" not in statement:
            return Verdict.DENIED
        if statement.get("Effect") == "Allow":
            verdict = Verdict.ALLOWED
    return verdict


def trusts(statements: Iterable[Statement], *, service: str, action: str, context: Mapping[str, str]) -> bool:
    """True if a resource's own policy lets an AWS service (`s3.amazonaws.com`) do `action`.

    `context` are the condition keys that are known, in lower case, with their values.
    """
    return any(
        statement.get("Effect") == "Allow"
        and _names(service, statement.get("Principal"))
        and any(matches(pattern, action, fold=True) for pattern in words(statement.get("Action")))
        and _conditions_hold(statement.get("Condition", {}), context)
        for statement in statements
    )


def statements_of(documents: Iterable[Mapping[str, object]]) -> Iterable[Statement]:
    """Yields the statements of policy documents, one or many in each, in order."""
    for document in documents:
        found = document.get("Statement", [])
        yield from cast("list[Statement]", found if isinstance(found, list) else [found])


def words(value: object) -> tuple[str, ...]:
    """One string or a list of strings, as policies write both, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(cast("Iterable[str]", value))


def matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """True if IAM's pattern (`*` any run, `?` any one character) covers the value."""
    return _compiled(pattern.lower() if fold else pattern).fullmatch(value.lower() if fold else value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _concerns(statement: Statement, action: str, resource: str) -> bool:
    return _covered(statement, "Action", action, fold=True) and _covered(statement, "Resource", resource, fold=False)


def _covered(statement: Statement, element: str, value: str, *, fold: bool) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(pattern, value, fold=fold) for pattern in words(statement[f"Not{element}"]))
    return any(matches(pattern, value, fold=fold) for pattern in words(statement.get(element)))


def _names(service: str, principal: object) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    return service in words(principal.get("Service")) or "*" in words(principal.get("AWS"))


def _conditions_hold(conditions: object, context: Mapping[str, str]) -> bool:
    # An unknown condition key cannot be shown to hold, so it does not: AWS treats a missing key the same way.
    blocks = cast("Mapping[str, Mapping[str, object]]", conditions)
    return all(
        key.lower() in context and any(_equal(operator, pattern, context[key.lower()]) for pattern in words(wanted))
        for operator, block in blocks.items()
        for key, wanted in block.items()
    )


def _equal(operator: str, pattern: str, value: str) -> bool:
    if operator in {"ArnLike", "ArnEquals", "StringLike"}:
        return matches(pattern, value)
    return operator == "StringEquals" and pattern == value
