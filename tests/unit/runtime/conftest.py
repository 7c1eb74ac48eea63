"""The runtime reads a few environment variables and sets a log level; every test starts without them."""

import logging
import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def bare_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the variables away, and the level too, before and after."""
    own = [name for name in os.environ if name.startswith(("TASK_DEPLOY_", "TASK_RUNTIME_"))]
    for name in ("LOG_LEVEL", "AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", *own):
        monkeypatch.delenv(name, raising=False)
    _reset()
    yield
    _reset()


def _reset() -> None:
    log = logging.getLogger("task_runtime")
    log.setLevel(logging.NOTSET)
    log.propagate = True
    for handler in log.handlers[:]:
        if type(handler).__module__ == "task_runtime.telemetry":  # caplog's own, and others', stay
            log.removeHandler(handler)
