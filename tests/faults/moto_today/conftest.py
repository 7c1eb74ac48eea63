from collections.abc import Iterator

import pytest

from tests.aws import new_name
from tests.faults.moto_today.plain import Moto
from tests.integration.account import Account
from tests.integration.moto_process import moto_server


@pytest.fixture(scope="session")
def server() -> Iterator[Moto]:
    """Plain moto, whose gaps nobody has closed; one server for all these tests of a worker."""
    with moto_server() as endpoint_url:
        account = Account(endpoint_url)
        yield Moto(endpoint_url, account, "")
        account.close()


@pytest.fixture
def moto(server: Moto) -> Moto:
    """The server, with a name that nothing has yet."""
    return server.named(new_name())
