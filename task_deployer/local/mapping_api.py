"""The calls on event source mappings where moto's answer misleads a deployer: what Lambda refuses, and how."""

import json
import re
from collections.abc import Mapping

from task_deployer.local import moto_events, moto_queues, moto_state
from task_deployer.local.call import Call, Reply, json_error
from task_deployer.local.event_sources import may_read
from task_deployer.local.function import Function

_ALL = re.compile(r"/[\d-]+/event-source-mappings/?")
_ONE = re.compile(r"/[\d-]+/event-source-mappings/(?P<uuid>[^/]+)")
_CONFIGURATION = re.compile(r"/[\d-]+/functions/(?P<name>[^/]+)/configuration/?")
_UNGATHERED = 10  # messages: a larger batch needs a window


def answer(call: Call) -> Reply | None:
    """Refuses what Lambda refuses and moto does not; None for what moto may answer."""
    if _ALL.fullmatch(call.path) and call.method == "POST":
        return _refuse_new(call, json.loads(call.body))
    one = _ONE.fullmatch(call.path)
    if one and not moto_events.has_mapping(call.region, one["uuid"]):
        # moto answers a change and a deletion of one that is not there as if they were done.
        return json_error(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    changed = _CONFIGURATION.fullmatch(call.path)
    if changed and call.method == "PUT":
        return _refuse_timeout(call, changed["name"], json.loads(call.body).get("Timeout"))
    return None


def _refuse_new(call: Call, asked: Mapping[str, object]) -> Reply | None:
    queue = str(asked.get("EventSourceArn", ""))
    if ":sqs:" not in queue:
        return _invalid("Event sources other than queues are not modelled by the local AWS.")
    function = moto_state.find_function(call.region, str(asked.get("FunctionName", "")))
    if function is None:
        return None  # moto's answer is Lambda's
    visible = moto_queues.visibility_timeout(queue)
    if visible is None:
        return _invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            "Message: The specified queue does not exist."
        )
    return _refuse_settings(function, asked, queue, visible) or _refuse_second(call, function, queue)


def _refuse_settings(function: Function, asked: Mapping[str, object], queue: str, visible: int) -> Reply | None:
    if not may_read(function.role, queue):
        return _invalid("The provided execution role does not have permissions to call ReceiveMessage on SQS")
    if visible < function.timeout_seconds:
        return _invalid(_too_short(visible, function.timeout_seconds))
    size, window = asked.get("BatchSize") or 0, asked.get("MaximumBatchingWindowInSeconds") or 0
    if int(str(size)) > _UNGATHERED and not window:
        return _invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    return None


def _refuse_second(call: Call, function: Function, queue: str) -> Reply | None:
    known = [one for one in moto_events.mappings_of(call.region, function.arn) if one.queue == queue]
    if not known:
        return None
    message = (
        f'The event source arn (" {queue} ") and function (" {function.name} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {known[0].uuid}"
    )
    return json_error(409, "ResourceConflictException", message)


def _refuse_timeout(call: Call, name: str, timeout: int | None) -> Reply | None:
    """A function that reads a queue may not run longer than the queue hides a message."""
    function = moto_state.find_function(call.region, name)
    if function is None or timeout is None:
        return None
    mapped = [moto_queues.visibility_timeout(one.queue) for one in moto_events.mappings_of(call.region, function.arn)]
    shorter = [visible for visible in mapped if visible is not None and visible < timeout]
    return _invalid(_too_short(min(shorter), timeout)) if shorter else None


def _too_short(visible: int, timeout: int) -> str:
    return f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"


def _invalid(message: str) -> Reply:
    return json_error(400, "InvalidParameterValueException", message)
