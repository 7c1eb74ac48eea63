"""One JSON line per record, and one of metrics per invocation, for whoever watches the function.

In Lambda the runtime's lines go to stdout bare, so that CloudWatch Logs reads their fields; elsewhere they are
messages of the logger `task_runtime` like any other. The user's own logging is left alone: no root level, no root
handler is touched. Metrics are in the Embedded Metric Format (CloudWatch User Guide), which costs no call.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Sequence

from task_runtime import settings
from task_runtime.fields import reason
from task_runtime.ids import correlation_id
from task_runtime.outcomes import Outcome

log = logging.getLogger("task_runtime")

MAX_TRACEBACK = 8_000  # characters, from the end; a line of CloudWatch Logs holds 256 KB at the least
_METRICS = {"Processed": "Count", "Failed": "Count", "Commands": "Count", "Duration": "Milliseconds"}
_LEVELS = {"failed": logging.ERROR, "stale": logging.WARNING}


class _BareLines(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """Writes the runtime's lines to stdout, each as one JSON object."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def format(self, record: logging.LogRecord) -> str:
        """Give the line: as it is where it is JSON, else (the runtime's few words) put into JSON."""
        text = record.getMessage()
        return text if text.startswith("{") else _json({"level": record.levelname, "message": text})


def set_up() -> None:
    """Let the runtime's own lines through as LOG_LEVEL says; a level or handler that the user's code has set stays.

    Lambda's root logger has a handler but the level WARNING, which would hide the line per record. LOG_LEVEL may be
    the user's own and mean something else to them, so an unknown word counts as INFO.
    """
    if log.level == logging.NOTSET:
        level = os.environ.get("LOG_LEVEL", "INFO").upper()
        log.setLevel(logging.getLevelNamesMapping().get(level, logging.INFO))
    if settings.in_lambda() and not log.handlers:
        log.addHandler(_BareLines())
        log.propagate = False


def tell(outcome: Outcome, invocation_id: str | None) -> None:
    """Write the line of one record: INFO, a stale one WARNING, a failed one ERROR with the traceback."""
    level = _LEVELS.get(outcome.how, logging.INFO)
    if log.isEnabledFor(level):
        log.log(level, "%s", _json(_line(outcome, level, invocation_id)))


def measure(outcomes: Sequence[Outcome], seconds: float, *, namespace: str, service: str) -> None:
    """Write the metrics of one invocation to stdout."""
    values = {
        "Processed": len(outcomes),
        "Failed": sum(outcome.error is not None for outcome in outcomes),
        "Commands": sum(outcome.commands for outcome in outcomes),
        "Duration": round(seconds * 1000, 3),
    }
    directive = {
        "Namespace": namespace,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in _METRICS.items()],
    }
    head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(_json({"_aws": head, "service": service, **values}), flush=True)  # noqa: T201 - EMF is a line on stdout


def _line(outcome: Outcome, level: int, invocation_id: str | None) -> dict[str, object]:
    event, error = outcome.event, outcome.error
    line: dict[str, object] = {"level": logging.getLevelName(level), "outcome": outcome.how, "record": outcome.record}
    if event is not None:
        line |= {
            "event": event.name,
            "bucket": event.bucket_name,
            "key": event.key,
            "correlationId": correlation_id(event),
            "s3RequestId": event.request_id,
        }
    line |= {
        "requestId": invocation_id,
        "messageId": outcome.carrier,
        "actions": outcome.actions,
        "commands": outcome.commands,
        "durationMs": round(outcome.seconds * 1000, 3),
    }
    if error is not None:
        line |= {"error": reason(error), "traceback": _traceback(error)}
    return {name: value for name, value in line.items() if value is not None}


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-MAX_TRACEBACK:]


def _json(line: object) -> str:
    return json.dumps(line, ensure_ascii=True, default=repr)  # ASCII: one line whatever a key holds
