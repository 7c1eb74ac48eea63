"""One `up` or `down` in a process of its own that really dies: `python -m tests.faults.dying` with the words of `main`.

It kills itself with SIGKILL at the n-th mutating call, before it is sent or once AWS has answered, with 8 workers at
work; or its disk is full: no file may grow beyond so many bytes.
"""

import itertools
import json
import os
import resource
import signal
import sys
from pathlib import Path

from task_deployer.aws import Aws, connect
from task_deployer.errors import TaskDeployError
from tests.aws import READS, REGION, access, clients
from tests.faults.scene import Scene

WORKERS = 8


def main(words: list[str]) -> int:
    """Run the deed; die at the event (`before-call`, `after-call`) of this number, or with a disk of so many bytes.

    The words: `up` or `down`, the project's folder, the stack's name, the endpoint, the event or `full-disk`, a number.
    """
    deed, folder, name, endpoint_url, event = words[:5]
    number = int(words[5])
    aws = connect(access(endpoint_url), REGION)
    scene = Scene(aws, Path(folder), name, None)
    if event == "full-disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    else:
        _die_at(aws, event, number)
    try:
        result = scene.up(WORKERS) if deed == "up" else scene.down(WORKERS)
    except TaskDeployError as error:
        sys.stdout.write(json.dumps([error.summary, error.detail]))
        return error.exit_code
    return 1 if result.outcome.failed else 0


def _die_at(aws: Aws, event: str, number: int) -> None:
    numbers = itertools.count()

    def die(event_name: str, **_: object) -> None:
        if not event_name.rpartition(".")[2].startswith(READS) and next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    for client in clients(aws):
        client.meta.events.register_first(event, die)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
