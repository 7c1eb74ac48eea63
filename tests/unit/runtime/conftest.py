"""The runtime reads a few environment variables and sets a log level; every test starts without them."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def bare_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the variables away, and the level too, before and after."""
    for name in ("LOG_LEVEL", "TASK_DEPLOY_TOPICS", "TASK_DEPLOY_CALLBACK", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    log = logging.getLogger("task_runtime")
    log.setLevel(logging.NOTSET)
    yield
    log.setLevel(logging.NOTSET)
