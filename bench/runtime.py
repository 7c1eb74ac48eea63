"""What the runtime itself costs: its import, its work per record, its calls of SQS, its memory for large objects.

    python bench/runtime.py [a python that has aws-lambda-powertools]

Times are of this machine and of this run: only the ratios say something.
"""

import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from task_runtime import PublishCommand, make_handler
from task_runtime.testing import Context, s3_event

if TYPE_CHECKING:
    from collections.abc import Callable

FAKE = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
PORT = 5877
ENDPOINT = f"http://127.0.0.1:{PORT}"
MIB = 1 << 20
POWERTOOLS = "from aws_lambda_powertools.utilities.data_classes import S3Event"

IMPORT = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
READ = """
import sys
from task_runtime import make_handler
from task_runtime.testing import s3_event, s3_record
how, key = sys.argv[1:]
def callback(name, key, event):
    if key == "nothing":
        return
    if how == "lines":
        for line in event.lines(): pass
    else:
        with event.open() as stream:
            while stream.read(65536): pass
make_handler(callback)(s3_event(s3_record(key, bucket="bench")), None)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


class Nowhere:
    """A queue that takes everything and keeps nothing but the number of calls."""

    def __init__(self) -> None:
        self.calls = 0

    def send_message_batch(self, **_request: Any) -> dict[str, Any]:  # noqa: ANN401 - not looked at
        """Take a batch."""
        self.calls += 1
        return {}


def main() -> None:
    """Print the four tables."""
    os.environ |= FAKE
    logging.getLogger("task_runtime").addHandler(logging.StreamHandler(Path(os.devnull).open("w")))  # noqa: SIM115 - for the whole run
    logging.getLogger("task_runtime").propagate = False
    imports()
    with moto():
        call = one_call()
        per_record(call)
        calls_of_sqs()
        memory()


def imports() -> None:
    """Compare the import of the runtime with boto3's and Powertools', each in fresh processes."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    bare = _import_seconds(sys.executable, "import json")
    rows = [
        ("task_runtime", _import_seconds(sys.executable, "import task_runtime")),
        ("boto3", _import_seconds(sys.executable, "import boto3")),
        ("boto3, and a client", _import_seconds(sys.executable, "import boto3; boto3.client('sqs')")),
        ("Powertools' S3Event", _import_seconds(python, POWERTOOLS)),
    ]
    own = rows[0][1] or bare
    print("import                    ms   times task_runtime")
    for name, seconds in rows:
        told = "   not installed" if seconds is None else f"{seconds * 1000:8.1f}   {seconds / (own or 1):5.2f}"
        print(f"{name:20}{told}")


def per_record(call: float) -> None:
    """Compare the runtime's own work with one call of SQS: a plain and an async callback, one command a record."""

    def plain(_name: str, key: str) -> list[PublishCommand]:
        return [PublishCommand("orders", key, {})]

    async def on_the_loop(_name: str, key: str) -> list[PublishCommand]:
        return [PublishCommand("orders", key, {})]

    print(f"\none SendMessage over HTTP to moto: {call * 1000:.2f} ms\n")
    print("records   callback   us a record   of one SQS call")
    for count in (1, 100, 10_000):
        for name, callback in (("plain", plain), ("async", on_the_loop)):
            seconds = _invocation_seconds(callback, count) / count
            print(f"{count:7}   {name:8}   {seconds * 1e6:11.0f}   {seconds / call:14.1%}")


def calls_of_sqs() -> None:
    """Count the calls for 10,000 commands, of one record and of 10,000."""
    print("\n10,000 commands of       calls of SQS")
    for records in (1, 100, 10_000):
        queue = Nowhere()
        each = [PublishCommand("orders", str(n), {}) for n in range(10_000 // records)]
        handler = make_handler(partial(_give, each), topics={"orders": "q.fifo"}, sqs=queue)
        handler(s3_event(*map(str, range(records))), Context(900))
        print(f"{records:6} records           {queue.calls:11}")


def _give(commands: list[PublishCommand], _name: str, _key: str) -> list[PublishCommand]:
    return commands


def memory() -> None:
    """Measure the peak of a process (Linux tells it) that reads objects through the event's helpers."""
    s3 = boto3.client("s3", endpoint_url=ENDPOINT)
    s3.create_bucket(Bucket="bench")
    with TemporaryDirectory() as folder:
        for size in (1, 200):
            path = Path(folder) / str(size)
            with path.open("wb") as content:
                content.writelines([(b"x" * 127 + b"\n") * (MIB // 128)] * size)
            with path.open("rb") as content:
                s3.put_object(Bucket="bench", Key=f"{size} MiB", Body=content)
    s3.put_object(Bucket="bench", Key="nothing", Body=b"")
    print("\nread by   object     peak MiB of the process")
    for how in ("open", "lines"):
        for key in ("nothing", "1 MiB", "200 MiB"):
            print(f"{how:8}  {key:8}   {_peak(how, key):8.1f}")


def one_call() -> float:
    """Give the seconds of one SendMessage with one small command: the median of 200."""
    sqs = boto3.client("sqs", endpoint_url=ENDPOINT)
    url = sqs.create_queue(QueueName="bench")["QueueUrl"]
    body = json.dumps({"id": "x", "meta": {}, "command": {}})
    return statistics.median(_seconds(lambda: sqs.send_message(QueueUrl=url, MessageBody=body)) for _ in range(200))


@contextmanager
def moto() -> Iterator[None]:
    """Run moto's server as a process of its own, so that it shares no interpreter lock with what is measured."""
    command = [str(Path(sys.executable).with_name("moto_server")), "-p", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for_server()
            yield
        finally:
            server.terminate()


def _wait_for_server() -> None:
    for _ in range(300):
        try:
            with urlopen(f"{ENDPOINT}/moto-api/", timeout=1):  # noqa: S310 - our own server
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError("moto's server did not start")


def _invocation_seconds(callback: "Callable[..., object]", count: int) -> float:
    handler = make_handler(callback, topics={"orders": "q.fifo"}, sqs=Nowhere())
    event = s3_event(*map(str, range(count)))
    handler(event, Context(900))  # the loop and the threads are there then, as in a sandbox that is warm
    return min(_seconds(lambda: handler(event, Context(900))) for _ in range(max(3, 300 // count)))


def _import_seconds(python: str, statement: str) -> float | None:
    runs = [
        subprocess.run([python, "-c", IMPORT.format(statement)], capture_output=True, text=True, check=False)
        for _ in range(15)
    ]
    return None if any(run.returncode for run in runs) else min(float(run.stdout) for run in runs)


def _peak(how: str, key: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", READ, how, key],
        env=os.environ | {"AWS_ENDPOINT_URL": ENDPOINT, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024  # KiB


def _seconds(work: "Callable[[], object]") -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
