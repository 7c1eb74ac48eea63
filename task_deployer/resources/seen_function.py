"""A function as it is: what GetFunction answers, reduced to what the tool manages, and when it is settled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tenacity

from task_deployer.errors import ResourceError
from task_deployer.forbidden import Denial, ForbiddenError
from task_deployer.resources.base import Value
from task_deployer.retry import FUNCTION_BUSY, FUNCTION_VISIBLE, Patience, Wait, over, patiently, pauses

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import (
        EnvironmentErrorTypeDef,
        FunctionConfigurationResponseTypeDef,
        GetFunctionResponseTypeDef,
        TagsErrorTypeDef,
    )

    from task_deployer.aws import Aws


@dataclass(frozen=True)
class SeenFunction:
    """A function as it is, in the words of GetFunction."""

    settings: Mapping[str, Value]
    environment: Mapping[str, str]
    code_sha256: str
    architecture: str
    concurrency: int | None
    status: str
    tags: Mapping[str, str]
    changed: str = ""
    """When its code or configuration was last changed, as Lambda writes it: 2026-11-23T14:31:09.000+0000."""


def is_going(answer: "GetFunctionResponseTypeDef") -> bool:
    """Whether the function is being deleted: as good as absent, but for its name, which is free a little later."""
    return answer["Configuration"].get("State") == "Deleting"


def seen_function(answer: "GetFunctionResponseTypeDef") -> SeenFunction:
    """Take out of GetFunction's answer what the tool manages.

    Raises `ResourceError` where the answer says that it leaves the variables or the tags out: unknown is never empty.
    """
    found = answer["Configuration"]
    environment = found.get("Environment", {})
    _refuse_unknown("kms:Decrypt", environment.get("Error"))
    _refuse_unknown("lambda:ListTags", answer.get("TagsError"))
    keys = ("Role", "Handler", "Runtime", "MemorySize", "Timeout")
    settings: dict[str, Value] = {key: found.get(key) for key in keys}  # type: ignore[misc]  # plain values, by AWS's model
    settings["EphemeralStorage.Size"] = found.get("EphemeralStorage", {}).get("Size", 512)
    return SeenFunction(
        settings=settings,
        environment=environment.get("Variables", {}),
        code_sha256=found["CodeSha256"],
        architecture=found.get("Architectures", ["x86_64"])[0],
        concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        status=_status(found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")),
        tags=answer.get("Tags", {}),
        changed=found.get("LastModified", ""),
    )


def _status(state: str, update: str) -> str:
    """`settled`, or AWS's word for why not. `Inactive` is a function that was idle for weeks: healthy."""
    if state in ("Pending", "Failed"):
        return state
    return update if update in ("InProgress", "Failed") else "settled"


def _refuse_unknown(right: str, error: "EnvironmentErrorTypeDef | TagsErrorTypeDef | None") -> None:
    if error:
        words = error.get("Message") or "Lambda left out of its answer what takes this right."
        raise ForbiddenError(Denial("GetFunction", error.get("ErrorCode", "AccessDenied"), words, right))


def once_ready(aws: "Aws", call: Callable[[], object]) -> None:
    """Make a call once Lambda shows the function, which may be new, and is at no other change of it."""
    patiently(aws.patience, FUNCTION_VISIBLE, lambda: patiently(aws.patience, FUNCTION_BUSY, call))


def wait_until_settled(aws: "Aws", name: str) -> None:
    """Wait for the last change to end; raise `ResourceError` with Lambda's own reason if it ended badly."""
    configuration = until_settled(aws.patience, aws.lambda_, name)
    for key in ("State", "LastUpdateStatus"):
        if configuration.get(key) == "Failed":
            reason = configuration.get(f"{key}Reason", "no reason given")
            raise ResourceError(
                f"Lambda could not make the function {name} ready: {reason}",
                code=str(configuration.get(f"{key}ReasonCode", "Failed")),
                detail="After a failed update the code from before it stays in use.",
                hint="Correct what Lambda names, then run the same command again.",
            )


_SETTLE_SECONDS = 300


def until_settled(patience: Patience, client: "LambdaClient", name: str) -> "FunctionConfigurationResponseTypeDef":
    """Wait until no creation or update of the function is under way, and return its configuration.

    Lambda works on after its answer: State goes from Pending to Active, LastUpdateStatus from InProgress to Successful.
    Both may end as Failed; the caller looks. Right after CreateFunction a read may not find it, and right after an
    update LastUpdateStatus may be missing. Raises `ResourceError` if it is under way after five minutes.
    """

    def is_unsettled(configuration: "FunctionConfigurationResponseTypeDef") -> bool:
        state, update = configuration.get("State"), configuration.get("LastUpdateStatus")
        return state == "Pending" or update == "InProgress" or (state == "Active" and update is None)

    def give_up(state: tenacity.RetryCallState) -> "FunctionConfigurationResponseTypeDef":
        if state.outcome is not None and state.outcome.failed:
            state.outcome.result()
        raise ResourceError(
            f"Lambda has not made the function {name} ready within {_SETTLE_SECONDS} seconds",
            code="NotSettled",
            hint="Run the same command again: it goes on from here.",
        )

    not_found = Wait("the function to be found", _SETTLE_SECONDS, "ResourceNotFoundException")
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(is_unsettled) | tenacity.retry_if_exception(not_found.matches),
        stop=over(patience, _SETTLE_SECONDS),
        wait=pauses(0.25),
        sleep=patience.sleep,
        before_sleep=lambda _: patience.tell("the function to be ready"),
        retry_error_callback=give_up,
    )
    return retrying(client.get_function_configuration, FunctionName=name)
