"""Large uploads take turns on the line, so that each is signed right before it is sent.

AWS takes a signature for five minutes, and reads it when the whole body is there: of many uploads that begin at once on
one slow line, the last ones to end are refused with InvalidSignatureException, "Signature expired: ... is now earlier
than ..." (chalice #916, aws-cli #4600, pulumi-aws #55).
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.refusals import code_of, is_signature_expired, message_of
from task_deployer.retry import Patience
from task_deployer.uploads import LARGE, broken_off

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_BEAT_SECONDS = 0.5
"""Between two looks whether the line is free: so often it is told who is waited for."""

_SLOW_SECONDS = 60
"""A body that took no longer says of a signature that has expired that the clock is wrong."""


class UploadTurns:
    """Whose turn it is. Shared by all workers; each has one upload at a time."""

    def __init__(self) -> None:
        self._line = threading.Lock()
        self._whose = ""
        self._local = threading.local()

    @contextmanager
    def turn(self, patience: Patience, whose: str, size: int) -> Iterator[None]:
        """Make a call with so many bytes of content when nobody else sends as much; a small one at once.

        botocore signs a request after its call was made, so within. Raises `ResourceError` for a signature that expired
        on the way, and what `patience.sleep` raises when asked to stop.
        """
        if size < LARGE:
            yield
            return
        self._wait(patience)
        self._whose, begun, turn = whose, patience.now(), _Turn(self._line.release)
        self._local.turn = turn
        try:
            yield
        except ClientError as error:
            seconds = patience.now() - begun
            if seconds < _SLOW_SECONDS or not is_signature_expired(error):
                raise
            told = f"It took {seconds:.0f} seconds, and AWS takes a signature for 5 minutes. {message_of(error)}"
            raise broken_off(size, code_of(error), told) from error
        finally:
            self._local.turn = None
            turn.end()

    def watch(self, request: "AWSPreparedRequest", **_: object) -> None:
        """Listen to botocore's `before-send`: once a body was handed over, the next upload waits for no answer to it.

        It is handed over in pieces by then (`send_in_pieces`), each when the line takes it.
        """
        turn: _Turn | None = getattr(self._local, "turn", None)
        if turn is not None and isinstance(request.body, io.BytesIO):
            request.body = _Body(request.body.getvalue(), turn.end)

    def _wait(self, patience: Patience) -> None:
        while not self._line.acquire(timeout=_BEAT_SECONDS):
            patience.tell(f"the upload of {self._whose} to end")
            patience.sleep(0)  # asked to stop, it raises


class _Turn:
    """A turn ends once, whoever says so first: the body that is sent, or the call that is over."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._over = False

    def end(self) -> None:
        if not self._over:
            self._over = True
            self._release()


class _Body(io.BytesIO):
    """A body that tells when all of it was read."""

    def __init__(self, content: bytes, ended: Callable[[], None]) -> None:
        super().__init__(content)
        self._ended = ended

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self._ended()
        return piece
