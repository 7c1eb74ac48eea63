"""The server's process: leaves its parent, takes the lock, serves until SIGTERM, and leaves nothing behind.

`python -m task_deployer.local.server`, started by `process.start`. moto is loaded once the process has left its parent.
"""

import argparse
import fcntl
import json
import logging
import os
import shutil
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from task_deployer.local.place import Place
from task_deployer.local.process import ACCOUNT, RETRY_WAITS, LocalAws

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How a server was asked to run. `ready` is the file descriptor to write a byte to once it answers."""

    place: Place
    port: int
    ready: int
    retry_waits: tuple[float, ...]


def main() -> None:
    """Runs the server in a process that is nobody's child."""
    options = _read_options(sys.argv[1:])
    if os.fork():
        # The launcher ends at once, so whoever started it has no child to wait for.
        os._exit(0)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with options.place.lock.open("w", encoding="ascii") as lock:
        # Blocks only while somebody asks whether there is a server.
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))
        lock.flush()
        _serve(options)


def _serve(options: Options) -> None:
    from task_deployer.local.wiring import open_server  # noqa: PLC0415 - loads moto

    place = options.place
    shutil.rmtree(place.sandboxes, ignore_errors=True)
    started = datetime.now(UTC).isoformat(timespec="seconds")

    def identify(endpoint_url: str) -> LocalAws:
        return LocalAws(endpoint_url, os.getpid(), ACCOUNT, started)

    with open_server(place, options.port, options.retry_waits, identify) as server:

        def shut_down(_signal: int, _frame: FrameType | None) -> None:
            server.shutdown_soon()

        signal.signal(signal.SIGTERM, shut_down)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is meant for the command that started us
        _write_whole(place.state, json.dumps(asdict(identify(server.url))))
        os.write(options.ready, b"1")
        os.close(options.ready)
        log.info("Listening on %s", server.url)
        server.serve_forever(poll_interval=0.1)
        place.state.unlink(missing_ok=True)
    shutil.rmtree(place.sandboxes, ignore_errors=True)
    log.info("Stopped")
    logging.shutdown()
    # Threads of requests in flight are not waited for: their answers have nowhere to go.
    os._exit(0)


def _read_options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m task_deployer.local.server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--retry-waits", type=_seconds, default=RETRY_WAITS)
    read = parser.parse_args(arguments)
    return Options(Place(read.folder), read.port, read.ready, read.retry_waits)


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    main()
