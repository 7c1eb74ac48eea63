"""moto's server with a way to fill a bucket: 100,000 objects one by one over HTTP would take minutes.

`python -m tests.integration.seeded_moto` takes `BUCKET NUMBER` lines on its standard input. moto copies every object of
the bucket for each page of a listing; here an object counts as its own copy, which makes a page cost what it should.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"


@contextmanager
def seeded_moto() -> Iterator[tuple[str, Callable[[str, int], None]]]:
    """Run a server for the time of the block; yields its endpoint URL, and what fills a bucket: name, how many."""
    command = [sys.executable, "-m", "tests.integration.seeded_moto"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, bufsize=1
    ) as process:
        given, told = process.stdin, process.stdout
        assert given
        assert told

        def seed(bucket: str, number: int) -> None:
            given.write(f"{bucket} {number}\n")
            assert told.readline() == f"{number}\n"

        try:
            yield f"http://127.0.0.1:{int(told.readline())}", seed
        finally:
            given.close()
            process.wait(20)


def main() -> None:
    """Serve until the standard input ends."""
    from moto.s3.models import FakeDeleteMarker, FakeKey, s3_backends  # noqa: PLC0415 - in the server's process alone
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - same

    for kind in (FakeKey, FakeDeleteMarker):
        kind.__deepcopy__ = lambda self, _: self  # type: ignore[union-attr]  # copy.deepcopy looks for it
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)  # noqa: T201 - the answer
    for line in sys.stdin:
        name, number = line.split()
        keys = s3_backends[ACCOUNT]["aws"].buckets[name].keys
        for n in range(int(number) // 2):
            key = FakeKey(f"in/{n:09}.csv", b"", ACCOUNT, "eu-central-1", is_versioned=True, version_id=f"v{n:09}")
            marker = FakeDeleteMarker(key)
            keys.setlist(key.name, [key, marker])
        print(number, flush=True)  # noqa: T201 - the answer
    server.stop()


if __name__ == "__main__":
    main()
