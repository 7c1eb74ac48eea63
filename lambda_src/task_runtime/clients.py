"""boto3's clients, made on first use and once per sandbox.

Loading boto3 takes a good part of a second on a small function; one that calls nothing is spared it.
"""

import threading
from collections.abc import Callable
from typing import Any

CONNECTIONS = 32  # as many as callbacks run at once by default, so that none waits for another's connection


class Lazy:
    """Stands for a client that is made when it is first used, once, whichever thread comes first."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        """Give the client's attribute of that name."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
        return getattr(self._client, name)


def make_sqs() -> Any:  # noqa: ANN401 - boto3 is untyped without its stubs
    """Make SQS's client. It gives up soon: the end of the function's time is near when commands are sent."""
    return _client("sqs", read_timeout=5, total_max_attempts=3)


def make_s3() -> Any:  # noqa: ANN401 - boto3 is untyped without its stubs
    """Make S3's client. It is patient: a copy of some gigabytes is answered when it is done."""
    return _client("s3", read_timeout=60, total_max_attempts=5)


def _client(service: str, *, read_timeout: int, total_max_attempts: int) -> Any:  # noqa: ANN401 - as above
    import boto3  # noqa: PLC0415 - see the module's docstring
    from botocore.config import Config  # noqa: PLC0415 - see the module's docstring

    # botocore waits a minute for a connection: a stuck one would use up the function's whole time.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": total_max_attempts},
        connect_timeout=3,
        read_timeout=read_timeout,
        max_pool_connections=CONNECTIONS,
    )
    # A session of its own: boto3's default session is shared with the user's threads, and sessions are not thread-safe.
    return boto3.session.Session().client(service, config=config)  # type: ignore[call-overload]  # any of the two
