from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from task_deployer.aws import connect
from tests.aws import REGION, access, new_name
from tests.faults.lab.behind import Behind, clients_of, opened
from tests.faults.lab.lab import Lab
from tests.faults.lab.life import Life
from tests.faults.lab.row import Row
from tests.faults.scene import BASE, CHANGED, DELIVERIES, REDIRECTED, set_up

NewLife = Callable[[Sequence[Row], str], AbstractContextManager[Life]]


@pytest.fixture(scope="session")
def behind(endpoint_url: str) -> Iterator[Behind]:
    """What stands behind every lab of a worker."""
    aws = connect(access(endpoint_url), REGION)
    with opened(aws) as behind:
        yield behind
    for client in clients_of(aws).values():
        client.close()


@pytest.fixture
def new_life(behind: Behind, endpoint_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewLife:
    """Begins the life of a stack in a lab with these rows; the words are what runs the same again."""

    @contextmanager
    def begin(rows: Sequence[Row], words: str = "") -> Iterator[Life]:
        name = new_name()
        lab = Lab(behind, rows, name)
        aws = connect(access(endpoint_url), REGION)  # of its own: botocore counts the retries that a client has left
        config = (DELIVERIES, REDIRECTED) if any(row.delivers for row in rows) else (BASE, CHANGED)
        scene = set_up(behind.aws, tmp_path / name, name, *config)
        try:
            with lab.around(aws):
                yield Life(lab.scene(scene, aws), lab)
        except BaseException as error:
            error.add_note(
                f"To run this alone: {words} .venv/bin/python -m pytest '{request.node.nodeid}'".replace("  ", " ")
            )
            error.add_note("What the lab did:\n" + "\n".join(lab.log))
            raise
        finally:
            for client in clients_of(aws).values():
                client.close()

    return begin
