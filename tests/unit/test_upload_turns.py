import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event as Flag

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from task_deployer.errors import Interrupted, ResourceError
from task_deployer.retry import Patience
from task_deployer.upload_turns import UploadTurns
from task_deployer.uploads import LARGE, send_in_pieces

EXPIRED = ClientError(
    {
        "Error": {
            "Code": "InvalidSignatureException",
            "Message": "Signature expired: 20261123T170000Z is now earlier than 20261123T170300Z "
            "(20261123T170800Z - 5 min.)",
        }
    },
    "CreateFunction",
)
OTHER = ClientError({"Error": {"Code": "CodeStorageExceededException", "Message": "full"}}, "CreateFunction")


def taking(seconds: float) -> Patience:
    """A clock by which every turn takes so long."""
    return Patience(now=iter((0.0, seconds)).__next__)


def is_free(turns: UploadTurns) -> bool:
    """Whether a worker gets the line without waiting for anybody."""

    def ask() -> bool:
        with turns.turn(Patience(tell=refuse), "asks", LARGE):
            return True

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).exception() is None


def refuse(_: str) -> None:
    """Wait for nobody."""
    raise Interrupted("told to wait")


def test_large_uploads_go_one_at_a_time() -> None:
    """The second one begins when the first has ended, and tells meanwhile whom it waits for."""
    turns, told, begun = UploadTurns(), list[str](), Flag()
    stack = ExitStack()
    stack.enter_context(turns.turn(Patience(), "media-dev-one", LARGE))

    def tell(reason: str) -> None:
        assert not begun.is_set()
        told.append(reason)
        stack.close()  # the first one ends

    def second() -> None:
        with turns.turn(Patience(tell=tell, sleep=lambda _: None), "media-dev-two", LARGE):
            begun.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(second).result()
    assert begun.is_set()
    assert ["the upload of media-dev-one to end"] == told


def test_a_small_upload_waits_for_nobody() -> None:
    """What the line takes within a moment goes beside a large one."""
    turns = UploadTurns()
    with turns.turn(Patience(), "large", LARGE), turns.turn(Patience(tell=refuse), "small", LARGE - 1):
        pass


def test_the_line_is_free_once_the_body_is_sent() -> None:
    """While AWS works on what it was sent, the next upload begins; not before all of the body was taken."""
    turns = UploadTurns()
    request = AWSRequest("POST", "https://lambda.eu-central-1.amazonaws.com/", data=os.urandom(100_000)).prepare()
    content = request.body
    with turns.turn(Patience(), "large", LARGE):
        send_in_pieces(request)
        turns.watch(request)
        assert isinstance(request.body, io.BytesIO)
        first = request.body.read(99_999)
        assert not is_free(turns)
        assert content == first + b"".join(iter(request.body.read, b""))
        assert is_free(turns)
    assert is_free(turns)


def test_a_body_of_nobodys_turn_is_sent_as_it_is() -> None:
    """Other requests of a worker that has no turn are not touched."""
    request = AWSRequest("POST", "https://sqs.eu-central-1.amazonaws.com/", data=os.urandom(20_000)).prepare()
    send_in_pieces(request)
    body = request.body
    UploadTurns().watch(request)
    assert body is request.body


def test_a_stop_ends_the_waiting() -> None:
    """Whoever is asked to stop while he waits for the line begins no upload."""
    turns = UploadTurns()

    def stop(_: float) -> None:
        raise Interrupted("stopped")

    def second() -> None:
        with turns.turn(Patience(sleep=stop), "second", LARGE):
            pytest.fail("it was begun")

    with turns.turn(Patience(), "first", LARGE), ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(second).exception(), Interrupted)
    assert is_free(turns)


def upload(turns: UploadTurns, patience: Patience, size: int, error: Exception) -> None:
    """An upload that ends so."""
    with turns.turn(patience, "media-dev-ingest", size):
        raise error


def test_a_signature_that_expires_on_a_slow_line_is_told_as_that() -> None:
    """A large body that took minutes says nothing of the clock: its size and its time are told, and what helps."""
    turns = UploadTurns()
    with pytest.raises(ResourceError) as caught:
        upload(turns, taking(480), 26_666_799, EXPIRED)
    assert ("An upload of 26.7 MB was broken off", 1) == (caught.value.summary, caught.value.exit_code)
    assert "It took 480 seconds, and AWS takes a signature for 5 minutes. Signature expired" in caught.value.detail
    assert "source folder" in caught.value.hint
    assert EXPIRED is caught.value.__cause__
    assert is_free(turns)


@pytest.mark.parametrize(
    ("seconds", "size", "error"), [(10, LARGE, EXPIRED), (480, LARGE - 1, EXPIRED), (480, LARGE, OTHER)]
)
def test_another_refusal_of_an_upload_is_told_as_it_is(seconds: float, size: int, error: ClientError) -> None:
    """A body that was quick or small says that the clock is wrong, and any other refusal says what it says."""
    with pytest.raises(ClientError) as caught:
        upload(UploadTurns(), taking(seconds), size, error)
    assert error is caught.value
