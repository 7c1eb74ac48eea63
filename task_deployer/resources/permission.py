"""One statement in a function's resource policy: this bucket, or this EventBridge rule, may invoke it.

Lambda changes no statement, and refuses a second one under its id (AddPermission, API reference). Between removing and
adding it the bucket could invoke nothing, and events would be lost; so a stand-in, the same under another id, bridges
that. A run that dies in between leaves the stand-in: it is seen as a difference, and goes with the next one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypedDict

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.refusals import code_of
from task_deployer.resources.base import Difference, Identity, Resource, Value, differing
from task_deployer.resources.function import Function
from task_deployer.resources.rights import Rights
from task_deployer.retry import FUNCTION_BUSY, FUNCTION_VISIBLE, STATEMENT_REPLACED, patiently, until_visible

Statement = Mapping[str, Value]

_STAND_IN = "StandIn"
"""The path under which a stand-in that was left behind is seen."""

_CONDITIONS = {("ArnLike", "AWS:SourceArn"): "SourceArn", ("StringEquals", "AWS:SourceAccount"): "SourceAccount"}
"""How Lambda stores AddPermission's two conditions: `AWS:` in capitals."""


class _Account(TypedDict, total=False):
    SourceAccount: str


@dataclass(frozen=True)
class Permission(Resource[Statement]):
    """One statement, found by its id. A bucket's ARN names no account, so S3 needs both conditions (confused deputy).

    A rule's ARN names its account; EventBridge tells no other. `principal` is the service that invokes.

    `after` is the statement written before this one: AddPermission calls that run at once can lose one.
    """

    kind: ClassVar[str] = "permission"
    goes_with: ClassVar[str | None] = "function"
    lags: ClassVar[bool] = True
    rights: ClassVar[Rights] = Rights(
        read=("lambda:GetPolicy",),
        write=("lambda:AddPermission", "lambda:RemovePermission"),
        delete=("lambda:RemovePermission",),
    )
    scope: str
    function: Function
    statement_id: str
    source_arn: str
    source_account: str | None = None
    after: "Permission | None" = None
    principal: str = "s3.amazonaws.com"

    @property
    def identity(self) -> Identity:
        return {"function": self.function.name, "statement": self.statement_id}

    @property
    def statement(self) -> Statement:
        """The statement as wanted, flat."""
        account = {} if self.source_account is None else {"SourceAccount": self.source_account}
        return {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Principal": self.principal,
            "SourceArn": self.source_arn,
            **account,
        }

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        return (account.arn("lambda", f"function:{identity['function']}"),)

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> Statement | None:
        """Read the statement, and whether it has a stand-in.

        GetPolicy has one 404 for no function and for no policy; both are absence.
        """
        try:
            document = json.loads(aws.lambda_.get_policy(FunctionName=identity["function"])["Policy"])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
        statements = {item.get("Sid"): item for item in document.get("Statement", [])}
        found, bridge = statements.get(identity["statement"]), _stand_in(identity["statement"])
        if found is None and bridge not in statements:
            return None
        return {**(_flat(found) if found else {}), **({_STAND_IN: bridge} if bridge in statements else {})}

    def diff(self, seen: Statement) -> tuple[Difference, ...]:
        extra = {key: None for key in seen if key not in self.statement}
        return differing({**self.statement, **extra}, seen)

    def create(self, aws: Aws) -> None:
        if not self._is_added(aws, self.statement_id):
            self._replace(aws)

    def update(self, aws: Aws, seen: Statement) -> None:  # noqa: ARG002 - AWS cannot change a statement
        self._replace(aws)

    def _replace(self, aws: Aws) -> None:
        """Write it anew, with a stand-in in the meantime: at no moment may less invoke the function than is wanted."""
        bridge = _stand_in(self.statement_id)
        if not self._is_added(aws, bridge):  # an older wish's
            self._add_anew(aws, bridge)
        self._add_anew(aws, self.statement_id)
        _remove(aws, self.function.name, bridge)

    def _is_added(self, aws: Aws, statement_id: str) -> bool:
        """Add it under this id; whether it is there as wanted now. Another one under the id is left as it is."""
        try:
            self._add(aws, statement_id)
        except ClientError as error:
            if not STATEMENT_REPLACED.matches(error):
                raise
            look = partial(self.observe, aws, {**self.identity, "statement": statement_id})
            seen = until_visible(aws.patience, f"Lambda to show the statement {statement_id}", look)
            return seen is not None and not self.diff(seen)
        return True

    def _add_anew(self, aws: Aws, statement_id: str) -> None:
        _remove(aws, self.function.name, statement_id)
        patiently(aws.patience, STATEMENT_REPLACED, lambda: self._add(aws, statement_id))

    def _add(self, aws: Aws, statement_id: str) -> None:
        account: _Account = {} if self.source_account is None else {"SourceAccount": self.source_account}

        def call() -> None:
            aws.lambda_.add_permission(
                FunctionName=self.function.name,
                StatementId=statement_id,
                Action="lambda:InvokeFunction",
                Principal=self.principal,
                SourceArn=self.source_arn,
                **account,
            )

        patiently(aws.patience, FUNCTION_VISIBLE, lambda: patiently(aws.patience, FUNCTION_BUSY, call))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Remove it, and a stand-in that may have been left."""
        for statement_id in statement_ids(identity):
            _remove(aws, identity["function"], statement_id)


def statement_ids(identity: Identity) -> tuple[str, str]:
    """All ids that statements of ours may have for this identity: the stand-in's, and its own."""
    return _stand_in(identity["statement"]), identity["statement"]


def _stand_in(statement_id: str) -> str:
    """The stand-in's id: as long, since Lambda allows 100 characters, and with a sign that no key of a config has."""
    return f"Next_{statement_id.removeprefix('Allow')}"


def _remove(aws: Aws, function: str, statement_id: str) -> None:
    """Remove a statement; what is absent already is done."""

    def call() -> None:
        aws.lambda_.remove_permission(FunctionName=function, StatementId=statement_id)

    try:
        patiently(aws.patience, FUNCTION_BUSY, call)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def _flat(statement: Mapping[str, object]) -> Statement:
    """Flatten a statement. Conditions that AddPermission does not write keep their operator, so that they differ."""
    principal, conditions = statement.get("Principal"), statement.get("Condition")
    flat: dict[str, Value] = {key: _text(statement.get(key)) for key in ("Effect", "Action")}
    flat["Principal"] = _text(principal.get("Service", principal) if isinstance(principal, Mapping) else principal)
    for operator, tests in conditions.items() if isinstance(conditions, Mapping) else ():
        for key, value in tests.items():
            flat[_CONDITIONS.get((operator, key), f"{operator}.{key}")] = _text(value)
    return flat


def _text(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value)
