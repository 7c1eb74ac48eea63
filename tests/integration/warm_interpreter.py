"""An interpreter that has loaded what the command needs, and becomes the command as often as it is asked to.

To start an interpreter and to load the modules takes longer than most commands' own work. Here that is done ahead. Each
run is a process of its own, forked from one that has loaded modules and done nothing else: it runs the installed script
in its own folder, with its own environment, streams and signals, and ends as an interpreter ends.

`python -m tests.integration.warm_interpreter SOCKET` is asked by a byte with three descriptors: the run's stdout and
stderr, and a socket. There it reads one line of JSON: words, folder, environment; and writes two: pid and exit code.
"""

import gc
import json
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from tests.integration.project import COMMAND

_LOADED: Final = ("boto3", "task_deployer.cli", "task_deployer.cli_local", "task_deployer.cli_session")


def main() -> None:
    """Serve until whoever started this has ended."""
    for module in _LOADED:
        import_module(module)
    sys.path[0] = str(COMMAND.parent)  # as for a script
    gc.collect()
    gc.freeze()  # what was loaded is looked through by no run
    if _is_a_run(socket.socket(fileno=int(sys.argv[1]))):
        runpy.run_path(str(COMMAND), run_name="__main__")


def _is_a_run(asked: socket.socket) -> bool:
    """Fork a keeper for each run that is asked for. True in a run, False at the end of all."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    with asked:
        while given := socket.recv_fds(asked, 1, 3)[1]:
            if os.fork() == 0:
                asked.close()
                return _keep(*given)
            for descriptor in given:
                os.close(descriptor)
    return False


def _keep(stdout: int, stderr: int, told: int) -> bool:
    """Be the parent of a run, and tell of it. True in the run; the keeper ends here."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=told) as keeper, keeper.makefile("rw", encoding="utf-8") as lines:
        words, folder, environment = json.loads(lines.readline())
        pid = os.fork()
        if pid != 0:
            os.close(stdout)
            os.close(stderr)
            print(pid, file=lines, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=lines, flush=True)
            os._exit(0)
    os.dup2(stdout, sys.stdout.fileno())
    os.dup2(stderr, sys.stderr.fileno())
    os.close(stdout)
    os.close(stderr)
    os.chdir(Path(folder))
    del os.environ["PYTHONHASHSEED"]
    os.environ.update(environment)
    sys.argv = [str(COMMAND), *words]
    return True


if __name__ == "__main__":
    main()
