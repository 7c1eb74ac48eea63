"""What whoever runs the tool may do, asked of IAM's policy simulator before AWS refuses it.

The simulator knows identity policies, permissions boundaries and, but for their conditions, service control policies.
It knows no session policy, and no policy of the thing itself (IAM user guide, testing policies with the simulator).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.forbidden import Denial, ForbiddenError
from task_deployer.observe import ask_all
from task_deployer.policy import Document, fitting
from task_deployer.refusals import CALL_ERRORS, explain, on_behalf_of
from task_deployer.resources.base import Address
from task_deployer.resources.rights import Rights
from task_deployer.walk import Means

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef, EvaluationResultTypeDef, ResourceSpecificResultTypeDef

_ARNS = 50
"""How many ARNs one call is about: the answer has a part for each with each action."""

_PASSED_TO: "ContextEntryTypeDef" = {
    "ContextKeyName": "iam:PassedToService",
    "ContextKeyValues": ["lambda.amazonaws.com"],
    "ContextKeyType": "string",
}
"""The one condition in the deployer's policy; other actions do not look at it."""

SIMULATE, READ_ROLE = "iam:SimulatePrincipalPolicy", "iam:GetRole"
"""The IAM actions that the questions take, on the caller; without the second one a role's path is not known."""

_RIGHTS = Rights(read=(SIMULATE,), write=(), delete=())
_ALLOWED, _EXPLICIT = "allowed", "explicitDeny"

Right = tuple[str, str]
"""An action and the ARN it is about."""


@dataclass(frozen=True)
class Refused:
    """A right that the caller lacks. `unknown`: what their policies ask for and a simulation cannot say, as tags."""

    denial: Denial
    unknown: tuple[str, ...] = ()


def rights_of(document: Document) -> frozenset[Right]:
    """The rights that a policy gives: each action with each ARN that it can be about."""
    statements = document["Statement"]
    assert isinstance(statements, list)  # noqa: S101 - policy.merge makes a list; for the type checker
    return frozenset(
        (action, arn)
        for one in statements
        for action in one["Action"]
        for arn in fitting(action, tuple(one["Resource"]))
    )


def lacking(means: Means, rights: frozenset[Right]) -> Mapping[Right, Refused]:
    """Ask the simulator about all these rights at once, and return those that the caller lacks.

    Raises `ResourceError` where it cannot be asked: the caller may not, or is nobody whose policies it knows.
    """
    caller = means.aws.caller
    if caller.sort == "root":
        return {}
    if caller.sort not in ("user", "assumed-role"):
        raise ResourceError(f"IAM cannot simulate the policies of {caller.arn}", code="NoSimulation")
    source = _role_arn(means.aws) if caller.sort == "assumed-role" else caller.arn
    questions = {
        Address(f"rights.{number}"): partial(_simulate, source, *batch) for number, batch in enumerate(_batches(rights))
    }
    answers = ask_all(means, questions)
    return {(one.denial.action, one.denial.resources[0]): one for found in answers.values() for one in found}


def _role_arn(aws: Aws) -> str:
    """The ARN of the assumed role. STS leaves its path out; a role that we may not read is taken to have none."""
    name = aws.caller.role
    try:
        return aws.iam.get_role(RoleName=name)["Role"]["Arn"]
    except CALL_ERRORS as error:
        explained = explain(error)
        if isinstance(explained, ForbiddenError):
            return aws.account.iam_arn(f"role/{name}")
        raise explained from error


def _batches(rights: frozenset[Right]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Actions that are about the same ARNs go into one call."""
    arns: dict[str, list[str]] = {}
    for action, arn in sorted(rights):
        arns.setdefault(action, []).append(arn)
    actions: dict[tuple[str, ...], list[str]] = {}
    for action, named in arns.items():
        actions.setdefault(tuple(named), []).append(action)
    for about, alike in actions.items():
        for first in range(0, len(about), _ARNS):
            yield tuple(alike), about[first : first + _ARNS]


def _simulate(source: str, actions: tuple[str, ...], arns: tuple[str, ...], aws: Aws) -> tuple[Refused, ...]:
    pages = aws.iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=source, ActionNames=actions, ResourceArns=arns, ContextEntries=[_PASSED_TO]
    )
    with on_behalf_of(_RIGHTS, (source,)):
        found = [refused for page in pages for result in page["EvaluationResults"] for refused in _refused(result)]
    return tuple(asked for refused in found for asked in _as_asked(refused, actions, arns))


def _as_asked(refused: Refused, actions: tuple[str, ...], arns: tuple[str, ...]) -> Iterator[Refused]:
    """Say it in the words of the question: an answer that spells them otherwise must not pass for a right."""
    denial = refused.denial
    action = next((one for one in actions if one.lower() == denial.action.lower()), denial.action)
    for arn in denial.resources if denial.resources[0] in arns else arns:
        yield replace(refused, denial=replace(denial, action=action, resources=(arn,)))


def _refused(result: "EvaluationResultTypeDef") -> Iterator[Refused]:
    """What one result refuses: it is about one ARN, or has a part for each of several (IAM API reference)."""
    parts = result.get("ResourceSpecificResults", [])
    if not parts and result["EvalDecision"] != _ALLOWED:
        arn = result.get("EvalResourceName", "*")
        yield _one(result, result, arn, result["EvalDecision"])
    for part in parts:
        if part["EvalResourceDecision"] != _ALLOWED:
            yield _one(result, part, part["EvalResourceName"], part["EvalResourceDecision"])


def _one(
    result: "EvaluationResultTypeDef",
    part: "EvaluationResultTypeDef | ResourceSpecificResultTypeDef",
    arn: str,
    decision: str,
) -> Refused:
    action = result["EvalActionName"]
    policy = ""
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        policy = "service control policy"
    elif not part.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        policy = "permissions boundary"
    denial = Denial(action, decision, "", action, (arn,), policy, explicit=decision == _EXPLICIT)
    return Refused(denial, tuple(part.get("MissingContextValues", [])))
