"""A model of S3's document store, one document that is replaced as a whole, and a clock that makes no one wait."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from task_deployer.aws import Account, Aws
from task_deployer.care import Care
from task_deployer.retry import Patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = Account("123456789012", "eu-central-1")

LIVES, UNSEEN, UNANSWERED = "lives", "lost on its way", "taken, and its answer lost"
"""What may become of a put."""


class Clock:
    """Runs jobs on threads, one at a time, in the order of the times that they sleep until."""

    def __init__(self) -> None:
        self.now = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._errors: list[BaseException] = []

    def run(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Run all of them to their end. Raises what the first of them raised."""
        threads = [threading.Thread(target=self._work, args=(job, self._turn_at(0.0))) for job in jobs]
        for thread in threads:
            thread.start()
        self._wake_next()
        for thread in threads:
            thread.join()
        for error in self._errors:
            raise error

    def sleep(self, seconds: float) -> None:
        """Let the others go on until this much later."""
        turn = self._turn_at(self.now + seconds)
        self._wake_next()
        turn.wait()

    def _work(self, job: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - a failed assertion is the test's
            self._errors.append(error)
        finally:
            self._wake_next()

    def _turn_at(self, time: float) -> threading.Event:
        turn = threading.Event()
        heapq.heappush(self._sleepers, (time, next(self._numbers), turn))
        return turn

    def _wake_next(self) -> None:
        if self._sleepers:
            self.now, _, turn = heapq.heappop(self._sleepers)
            turn.set()


class Store:
    """The document as it is now."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.document: Mapping[str, object] = document


class Client:
    """One client's calls: each takes some of `latencies` on the way, and as much on the way back.

    `fates` are those of the first puts: each may be lost, before or after S3 took it. None is sent again.
    """

    def __init__(self, store: Store, clock: Clock, latencies: Iterator[float], fates: Sequence[str] = ()) -> None:
        self._store = store
        self._clock = clock
        self._latencies = latencies
        self._fates = iter(fates)

    def get_bucket_notification_configuration(self, **_: object) -> Mapping[str, object]:
        """Read the document."""
        self._travel()
        found = deepcopy(self._store.document)
        self._travel()
        return found

    def put_bucket_notification_configuration(
        self,
        *,
        NotificationConfiguration: Mapping[str, object],  # noqa: N803 - boto3's name
        **_: object,
    ) -> None:
        """Replace the document."""
        fate = next(self._fates, LIVES)
        self._travel()
        if fate != UNSEEN:
            self._store.document = deepcopy(NotificationConfiguration)
        self._travel()
        if fate != LIVES:
            raise ClientError({"Error": {"Code": "InternalError"}}, "PutBucketNotificationConfiguration")

    def _travel(self) -> None:
        self._clock.sleep(next(self._latencies))

    def aws(self, care: Care) -> Aws:
        """The tool's clients, of which only this one is ever asked."""
        patience = Patience(self._clock.sleep, now=lambda: self._clock.now)
        never: Any = None
        return Aws(ACCOUNT, cast("S3Client", self), never, never, never, never, never, patience=patience, care=care)
