"""IAM policy documents as values: statements, their merge into one document, and a form to compare. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from task_deployer.errors import ConfigError

VERSION = "2012-10-17"
INLINE_LIMIT = 10_240
"""AWS's limit for all inline policies of a role in characters, white space not counted (IAM quotas)."""

Document = Mapping[str, object]

_ON_OBJECTS = {
    *("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
    *("s3:GetObjectLegalHold", "s3:GetObjectRetention"),
}
"""The S3 actions on objects that the tool itself needs; all its others are about buckets."""

_SINGLE = {"Version", "Id", "Sid", "Effect"}
"""The keys whose value is never a list."""


@dataclass(frozen=True)
class Statement:
    """One Allow statement: which actions on which resources. Its id may be empty: then it has none."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: tuple[tuple[str, str, str], ...] = ()
    """Triples of operator, key and value, as in ("StringEquals", "iam:PassedToService", "lambda.amazonaws.com").

    Several values of one operator and key are alternatives.
    """


def merge(statements: Iterable[Statement]) -> Document:
    """Merge statements into one document, in their order, leaving out those without a resource.

    Raises `ValueError` when two have one id: AWS would refuse the document.
    """
    merged = [statement for statement in statements if statement.resources]
    ids = [statement.sid for statement in merged if statement.sid]
    if len(set(ids)) != len(ids):
        raise ValueError(f"two statements have one id: {', '.join(ids)}")
    return {"Version": VERSION, "Statement": [_render(statement) for statement in merged]}


def fitting(action: str, arns: tuple[str, ...]) -> tuple[str, ...]:
    """Of a bucket's two ARNs, the one that an S3 action is about: the bucket, or the objects in it; else all.

    AWS refuses an action that is allowed on the other one (Service Authorization Reference of S3).
    """
    if not action.startswith("s3:"):
        return arns
    return tuple(arn for arn in arns if arn.endswith("/*") == (action in _ON_OBJECTS))


def parse(document: Document) -> tuple[Statement, ...]:
    """Read the Allow statements of a document, whoever wrote it: ids, actions and resources; no conditions."""
    listed = document.get("Statement", [])
    statements = [canonical(item) for item in (listed if isinstance(listed, list) else [listed])]
    return tuple(
        Statement(str(item.get("Sid", "")), _texts(item.get("Action")), _texts(item.get("Resource")))
        for item in statements
        if isinstance(item, Mapping) and item.get("Effect") == "Allow"
    )


def _texts(values: object) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list) else ()


def canonical(document: object) -> object:
    """A form such that documents with one form mean the same to AWS, however they are spelled.

    A single value and a list of one are the same to IAM, and so are lists of strings in another order or with
    something twice. (IAM user guide, grammar of the JSON policy language.) The order of statements is kept.
    """
    if isinstance(document, Mapping):
        return {
            key: value if key in _SINGLE else _canonical_value(key, value) for key, value in sorted(document.items())
        }
    return document


def _canonical_value(key: str, value: object) -> object:
    if isinstance(value, Mapping) and key != "Statement":
        return canonical(value)
    items = value if isinstance(value, list) else [value]
    if all(isinstance(item, str) for item in items):
        return sorted(set(items))
    return [canonical(item) for item in items]


def check_size(document: Document, address: str) -> None:
    """Raise `ConfigError` if the document is larger than a role's inline policies may be."""
    size = len(json.dumps(document, separators=(",", ":")))
    if size > INLINE_LIMIT:
        raise ConfigError(
            f"The policy of {address} would have {size} characters, {size - INLINE_LIMIT} more than AWS allows",
            hint="Split the task: fewer buckets or command topics for one function.",
        )


def _render(statement: Statement) -> dict[str, object]:
    rendered: dict[str, object] = {
        **({"Sid": statement.sid} if statement.sid else {}),
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    conditions: dict[str, dict[str, list[str]]] = {}
    for operator, key, value in statement.condition:
        conditions.setdefault(operator, {}).setdefault(key, []).append(value)
    said = {
        operator: {key: values[0] if len(values) == 1 else values for key, values in tests.items()}
        for operator, tests in conditions.items()
    }
    return {**rendered, "Condition": said} if said else rendered


def text(document: Document) -> str:
    """The document as AWS takes it: JSON, without white space, which counts against no limit but is not needed."""
    return json.dumps(document, separators=(",", ":"))


def by_statement(document: Document) -> dict[str, str]:
    """Each statement in words, by its id, as people compare them: `s3:GetObject on arn:...`."""
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return {str(item.get("Sid", index)): _words(item) for index, item in enumerate(listed) if isinstance(item, Mapping)}


def _words(statement: Mapping[str, object]) -> str:
    form = canonical(statement)
    assert isinstance(form, Mapping)  # noqa: S101 - a mapping's canonical form is one; for the type checker
    actions, resources = (", ".join(map(str, form.get(key, []))) for key in ("Action", "Resource"))
    rest = {key: value for key, value in form.items() if key not in {"Sid", "Action", "Resource", "Effect"}}
    effect = "" if form.get("Effect") == "Allow" else f"{form.get('Effect')} "
    return f"{effect}{actions} on {resources}" + (f" if {json.dumps(rest)}" if rest else "")
