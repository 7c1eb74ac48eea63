"""The statements in a function's resource policy, carried over the time in which the function is made again.

DeleteFunction takes the policy along, and with it what others put there: that is on disk before. AddPermission can say
most of what a statement can (Lambda API reference, AddPermission); what it cannot say, or Lambda refuses, is told.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.refusals import CALL_ERRORS, code_of
from task_deployer.retry import FUNCTION_BUSY, FUNCTION_VISIBLE, STATEMENT_REPLACED, patiently
from task_deployer.throttle import persistently

ACTIONS = ("lambda:GetPolicy", "lambda:AddPermission")
"""The IAM actions that it takes."""

Statement = Mapping[str, object]

_CONDITIONS = {
    ("arnlike", "aws:sourcearn"): "SourceArn",
    ("stringequals", "aws:sourceaccount"): "SourceAccount",
    ("stringequals", "aws:principalorgid"): "PrincipalOrgID",
    ("stringequals", "lambda:eventsourcetoken"): "EventSourceToken",
    ("stringequals", "lambda:functionurlauthtype"): "FunctionUrlAuthType",
}
"""How Lambda stores AddPermission's conditions, in small letters."""


_FOR_GOOD = re.compile("InvalidParameterValue|PolicyLengthExceeded|PublicPolicy|Validation")
"""The codes of what Lambda refuses of a statement, and will refuse again."""


@dataclass(frozen=True)
class _Failed:
    statement: Statement
    why: str
    for_good: bool


def keeping_statements(aws: Aws, function: str, make_anew: Callable[[], None]) -> None:
    """Make the function anew, and put every statement back; ours too, so that events find it the sooner.

    Those of others are kept first, beside what a run kept that died on the way. A policy that may not be read, or kept,
    ends it before anything is removed. The making is repeated on its own where AWS has no time: done again from its
    start, it would find ours no more.
    """
    found = read(aws, function)
    there = {one.get("Sid") for one in found}
    statements = [*found, *(one for one in aws.care.statements.kept(function) if one.get("Sid") not in there)]
    aws.care.statements.keep(function, statements)
    persistently(aws.patience, aws.pace, "lambda", make_anew)
    put_back(aws, function, statements)


def put_back(aws: Aws, function: str, statements: Sequence[Statement]) -> Sequence[Statement]:
    """Add these statements; returns those that are there now. What AWS may take later stays kept, and is told.

    What it will never take is told with the statement itself, and kept no longer.
    """
    failed = tuple(_put_back(aws, function, statements))
    place = aws.care.statements.keep(function, [one.statement for one in failed if not one.for_good])
    lost = [one for one in failed if one.for_good or not place]
    left = [one for one in failed if one not in lost]
    if lost:
        aws.care.tell(_lost(function, lost))
    if left:
        aws.care.tell(_left(function, left, place))
    without = [one.statement for one in failed]
    return [one for one in statements if one not in without]


def parameters(statement: Statement) -> dict[str, str] | None:
    """What AddPermission takes for a statement; None where it has no words for it."""
    principal, action, sid = _principal(statement.get("Principal")), statement.get("Action"), statement.get("Sid")
    conditions = list(_conditions(statement.get("Condition")))
    said = isinstance(principal, str) and isinstance(action, str) and isinstance(sid, str)
    named = {_CONDITIONS.get((operator.lower(), key.lower())): value for operator, key, value in conditions}
    texts = {name: value for name, value in named.items() if name is not None and isinstance(value, str)}
    if not said or statement.get("Effect") != "Allow" or len(texts) < len(conditions):
        return None
    return {"StatementId": str(sid), "Action": str(action), "Principal": str(principal), **texts}


def read(aws: Aws, function: str) -> Sequence[Statement]:
    """Read all statements of the function's policy. GetPolicy has one 404 for no function and for no policy: none."""
    try:
        policy = json.loads(aws.lambda_.get_policy(FunctionName=function)["Policy"])
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return ()
        raise
    return [one for one in policy.get("Statement", []) if isinstance(one, Mapping)]


def _put_back(aws: Aws, function: str, statements: Sequence[Statement]) -> Iterator[_Failed]:
    """Add them one after the other, since calls that run at once can lose one; yields those that are not there."""
    for statement in statements:
        given = parameters(statement)
        if given is None:
            yield _Failed(statement, "AddPermission cannot say it", for_good=True)
            continue
        try:
            persistently(aws.patience, aws.pace, "lambda", partial(_add, aws, function, given))
        except CALL_ERRORS as error:
            refused = isinstance(error, ClientError) and _FOR_GOOD.match(code_of(error)) is not None
            yield _Failed(statement, str(error), for_good=refused)


def _add(aws: Aws, function: str, given: Mapping[str, str]) -> None:
    def call() -> None:
        aws.lambda_.add_permission(FunctionName=function, **given)  # type: ignore[arg-type]  # its words

    try:
        patiently(aws.patience, FUNCTION_VISIBLE, lambda: patiently(aws.patience, FUNCTION_BUSY, call))
    except ClientError as error:
        if not STATEMENT_REPLACED.matches(error):  # an answer that was lost: it is there
            raise


def _principal(principal: object) -> object:
    if isinstance(principal, Mapping) and len(principal) == 1:
        ((sort, named),) = principal.items()
        return named if sort in ("Service", "AWS") else None
    return principal


def _conditions(condition: object) -> Iterator[tuple[str, str, object]]:
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        for key, value in tests.items() if isinstance(tests, Mapping) else ():
            yield str(operator), str(key), value


def _lost(function: str, failed: Sequence[_Failed]) -> Remark:
    return Remark(
        "statements-lost",
        f"function.{function}",
        f"The function {function} was made anew because its role was, and statements of its policy are lost: "
        f"{_told(failed)}. Those of this stack come with the next `up`; of others', tell whoever relies on them.",
    )


def _left(function: str, failed: Sequence[_Failed], place: str) -> Remark:
    return Remark(
        "statements-kept",
        f"function.{function}",
        f"The function {function} was made anew because its role was, and statements of its policy are not back yet: "
        f"{_told(failed)}. Those of others are kept in {place}; run `task-deploy up` again: it puts them back.",
    )


def _told(failed: Sequence[_Failed]) -> str:
    return "; ".join(f"{json.dumps(one.statement)} ({one.why})" for one in failed)
