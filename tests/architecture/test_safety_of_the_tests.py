import os
import socket

import pytest


def test_no_test_reaches_out() -> None:
    """A connection to any other machine fails the test that opens it, however it is opened."""
    with socket.socket() as connection:
        with pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
            connection.connect(("192.0.2.1", 80))
        with pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
            connection.connect_ex(("192.0.2.1", 80))


def test_this_machine_can_be_reached() -> None:
    """A server of the test's own is reached as ever."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as connection:
        assert connection.getpeername() == server.getsockname()


def test_credentials_are_fakes() -> None:
    """The environment holds no credentials but the fakes, and no profile or config that could lead to real ones."""
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_CONFIG_FILE"] == os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_folders_are_marked(request: pytest.FixtureRequest) -> None:
    """Tests of a folder that has no marker of its name bear none: the quick ones can be chosen by what they are not."""
    assert {mark.name for mark in request.node.iter_markers()} == set()
