"""An event source mapping as it is: found by its two ends, in Lambda's words, and when it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of
from task_deployer.resources.base import Value
from task_deployer.retry import looking

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

    from task_deployer.aws import Account
    from task_deployer.retry import Patience

DELETING = "Deleting"
"""The state of a mapping that is on its way out."""

_NOT_FOUND = "ResourceNotFoundException"
_SETTLED = ("Enabled", "Disabled")
_BECOMES_ENABLED = ("Creating", "Enabling", "Updating")
_SECONDS = 300


@dataclass(frozen=True)
class SeenMapping:
    """A mapping as it is: AWS's id for it, its settings flat in Lambda's words, and its tags."""

    uuid: str
    settings: Mapping[str, Value]
    tags: Mapping[str, str]

    def arn(self, account: "Account") -> str:
        """The ARN that holds that id."""
        return arn_of(account, self.uuid)


def arn_of(account: "Account", uuid: str) -> str:
    """The ARN of the mapping that AWS gave this id."""
    return account.arn("lambda", f"event-source-mapping:{uuid}")


def find_mapping(
    client: "LambdaClient", function: str, queue_arn: str
) -> "EventSourceMappingConfigurationTypeDef | None":
    """The mapping of this queue to this function: Lambda takes each pair once.

    Where the function is not there, Lambda may refuse to look for its name with ResourceNotFoundException. A mapping
    outlives its function (DeleteFunction, API reference), so all of the queue are looked through then.
    """
    named = _mappings(client, EventSourceArn=queue_arn, FunctionName=function)
    if named is None:
        left = _mappings(client, EventSourceArn=queue_arn) or []
        named = [mapping for mapping in left if mapping.get("FunctionArn", "").endswith(f":function:{function}")]
    return next(iter(named), None)


def _mappings(client: "LambdaClient", **ends: str) -> "list[EventSourceMappingConfigurationTypeDef] | None":
    """All of these ends; None where Lambda says that there is no such thing."""
    try:
        pages = client.get_paginator("list_event_source_mappings").paginate(**ends)  # type: ignore[arg-type]  # two of its strings
        return [mapping for page in pages for mapping in page["EventSourceMappings"]]
    except ClientError as error:
        if code_of(error) != _NOT_FOUND:
            raise
        return None


def settings_of(found: "EventSourceMappingConfigurationTypeDef") -> Mapping[str, Value]:
    """Its settings, flat. One that is on its way to `Enabled` counts as enabled."""
    state = found.get("State")
    return {
        "State": "Enabled" if state in _BECOMES_ENABLED else state,
        "BatchSize": found.get("BatchSize"),
        "MaximumBatchingWindowInSeconds": found.get("MaximumBatchingWindowInSeconds", 0),
        "MaximumConcurrency": found.get("ScalingConfig", {}).get("MaximumConcurrency"),
        "FunctionResponseTypes": tuple(found.get("FunctionResponseTypes", [])),
        "Filters": tuple(str(one.get("Pattern")) for one in found.get("FilterCriteria", {}).get("Filters", [])),
    }


def wait_until_settled(patience: "Patience", client: "LambdaClient", uuid: str) -> None:
    """Wait until no change of the mapping is under way: Creating, Enabling, Updating and Disabling pass.

    Raises `ResourceError` if it is still under way after five minutes.
    """
    _wait(patience, client, uuid, _SETTLED, "the event source mapping to be ready")


def wait_until_gone(patience: "Patience", client: "LambdaClient", uuid: str) -> None:
    """Wait until a deleted mapping is gone. Raises `ResourceError` if it is still there after five minutes."""
    _wait(patience, client, uuid, (), "the event source mapping to be gone")


def _wait(patience: "Patience", client: "LambdaClient", uuid: str, ends: tuple[str, ...], reason: str) -> None:
    def is_over() -> bool:
        try:
            return client.get_event_source_mapping(UUID=uuid).get("State") in ends
        except ClientError as error:
            if code_of(error) != _NOT_FOUND:
                raise
            return not ends

    if not looking(patience, reason, _SECONDS, is_over, lambda ended: not ended):
        raise ResourceError(
            f"Lambda has not settled the event source mapping {uuid} within {_SECONDS} seconds",
            code="NotSettled",
            hint="Run the same command again: it goes on from here.",
        )
