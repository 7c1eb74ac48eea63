"""Whether a policy lets S3 send to what it is the policy of. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

SERVICE = "s3.amazonaws.com"
"""S3, as policies name it."""

_LIKENESS = re.compile(r"(ForAnyValue:|ForAllValues:)?(String|Arn)(Equals|EqualsIgnoreCase|Like)(IfExists)?")

_BUCKET = re.compile("arn:[^:]+:s3:::([a-z0-9][a-z0-9.-]+)")
"""The ARN of one bucket, without a wildcard."""


@dataclass(frozen=True)
class Source:
    """A bucket as a policy's conditions tell it."""

    name: str
    arn: str
    account: str


def allows(policy: str, source: Source, action: str) -> bool:
    """Whether some statement may let S3 do this for this bucket. What only AWS can judge counts as met."""
    known = {"aws:sourcearn": source.arn, "aws:sourceaccount": source.account}
    return any(
        statement.get("Effect") == "Allow"
        and ("NotPrincipal" in statement or _is_s3(statement.get("Principal")))
        and ("NotAction" in statement or _matches(action.lower(), _words(statement.get("Action"))))
        and all(_holds(pair, known) for pair in _conditions(statement.get("Condition")))
        for statement in _mappings(json.loads(policy).get("Statement", []))
    )


def sources(policy: str) -> Iterator[Source]:
    """The buckets that the policy's statements name one by one, each with its account: empty if none is named."""
    for statement in _mappings(json.loads(policy).get("Statement", [])):
        told = {key: _words(value) for key, value in _conditions(statement.get("Condition"))}
        account = next(iter(told.get("aws:sourceaccount", [])), "")
        for arn in told.get("aws:sourcearn", []):
            if bucket := _BUCKET.fullmatch(arn):
                yield Source(bucket[1], arn, account)


def _is_s3(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return bool({SERVICE, "*"} & {*_words(principal.get("Service"))}) or "*" in _words(principal.get("AWS"))
    return principal == "*"


def _holds(condition: tuple[str, object], known: Mapping[str, str]) -> bool:
    key, wanted = condition
    words = _words(wanted)
    return key not in known or any("${" in word for word in words) or _matches(known[key].lower(), words)


def _matches(value: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(value, pattern.lower()) for pattern in patterns)


def _conditions(condition: object) -> Iterator[tuple[str, object]]:
    """Keys and values of those conditions that ask for a likeness, as in `ArnLikeIfExists`; others AWS alone judges."""
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        if isinstance(tests, Mapping) and _LIKENESS.fullmatch(str(operator)):
            yield from ((str(key).lower(), value) for key, value in tests.items())


def _mappings(value: object) -> list[Mapping[str, object]]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def _words(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
