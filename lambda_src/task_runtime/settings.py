"""What can be set, by parameters of `make_handler` or, for the deployed entry point, by environment variables."""

import json
import os
from collections.abc import Mapping
from typing import TypeVar

from task_runtime.storage import MODES

TOPICS = "TASK_DEPLOY_TOPICS"
BUCKETS = "TASK_DEPLOY_BUCKETS"
CONCURRENCY = "TASK_RUNTIME_CONCURRENCY"
SKIP_STALE = "TASK_RUNTIME_SKIP_STALE"
METRICS_NAMESPACE = "TASK_RUNTIME_METRICS_NAMESPACE"

DEFAULT_CONCURRENCY = 32  # more threads would fight for the sandbox's memory and few CPUs
MAX_CONCURRENCY = 1000  # Lambda quotas: a sandbox has 1,024 processes and threads in all
DEFAULT_NAMESPACE = "TaskDeploy"

_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}

T = TypeVar("T")


def given_or(value: T | None, default: T) -> T:
    """Give a parameter that was given, else the default."""
    return default if value is None else value


def topics() -> dict[str, str]:
    """Give the topics that the deployment has set: JSON, topic name to queue URL; none where the variable is missing.

    Raises ValueError where it is something else.
    """
    return _mapping(TOPICS, "topic names and queue URLs", os.environ.get(TOPICS, "{}"))


def buckets() -> dict[str, str]:
    """Give the buckets that the deployment has set: JSON, bucket name to mode. None where it is missing or empty."""
    return _mapping(BUCKETS, "bucket names and modes", os.environ.get(BUCKETS) or "{}")


def checked_buckets(modes: Mapping[str, str]) -> Mapping[str, str]:
    """Give the modes of buckets back. Raises ValueError where one is none of Read, Write, ReadWrite."""
    for bucket, mode in modes.items():
        if mode not in MODES:
            raise ValueError(f"the bucket {bucket!r} has mode {mode!r:.80}; a mode is one of {', '.join(MODES)}")
    return modes


def concurrency() -> int:
    """Give how many callbacks may run at once."""
    text = os.environ.get(CONCURRENCY) or str(DEFAULT_CONCURRENCY)
    return checked_concurrency(int(text) if text.isdecimal() else text)


def checked_concurrency(number: object) -> int:
    """Give the number back. Raises ValueError where it is not from 1 to 1,000."""
    if isinstance(number, int) and 1 <= number <= MAX_CONCURRENCY:
        return number
    raise ValueError(f"{CONCURRENCY} must be a whole number from 1 to {MAX_CONCURRENCY}, not {number!r:.80}")


def skip_stale() -> bool:
    """Give whether stale events are skipped. Raises ValueError where it is neither true nor false."""
    text = os.environ.get(SKIP_STALE, "")
    if text.lower() not in _TRUTH:
        raise ValueError(f"{SKIP_STALE} must be true or false, not {text!r:.80}")
    return _TRUTH[text.lower()]


def metrics_namespace() -> str:
    """Give CloudWatch's namespace for the metrics; empty, there are none. Outside Lambda that is the default."""
    return os.environ.get(METRICS_NAMESPACE, DEFAULT_NAMESPACE if in_lambda() else "")


def service() -> str:
    """Give the name in each command's `meta`: the function's own, or `local` outside Lambda."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "local"


def in_lambda() -> bool:
    """Whether this is a Lambda function's sandbox, or what looks like one."""
    return bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))


def _mapping(variable: str, what: str, text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{variable} is no JSON ({error}): {text!r:.200}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(f"{variable} is no JSON object of {what}: {text!r:.200}")
    return found
