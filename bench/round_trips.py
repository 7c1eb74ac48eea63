"""Count the calls and the round trips in a row of each command, and time them, at several latencies.

Runs the installed command against moto's server through a proxy that makes each request slower. Prints a table, and
fails if a second `up` of one task changes anything or waits for more than three round trips in a row.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.latency import Call, LatencyProxy, slowed
from tests.integration.moto_process import moto_server, reset

COMMAND = Path(sys.executable).with_name("task-deploy")
LATENCIES = (0.0, 0.04, 0.4)
SIZES = (1, 10)
IN_A_ROW_AT_MOST = 3

STACK = """\
[stack]
name = "bench"
region = "eu-central-1"

[command_topics.orders]
"""
TASK = """
[tasks.t{number}]
source = "src"
callback = "handler:handle_event"
command_topics = ["orders"]

[tasks.t{number}.buckets.uploads]
mode = "Read"
"""
HANDLER = "def handle_event(event_name, key):\n    return {result}\n"


@dataclass(frozen=True)
class Row:
    """One run of one command."""

    tasks: int
    step: str
    latency: float
    calls: int
    mutating: int
    in_a_row: int
    chain: tuple[str, ...]
    seconds: float


def main() -> int:
    """Run everything; the exit code says whether the second `up` keeps its promise."""
    rows: list[Row] = []
    with moto_server() as endpoint_url:
        warm_up(endpoint_url)
        for latency in LATENCIES:
            with slowed(endpoint_url, latency) as proxy:
                for tasks in SIZES:
                    reset(endpoint_url)
                    rows += life(proxy, tasks)
    print("\n".join(table(rows)))
    print("\n".join(chains(rows)))
    broken = [row for row in rows if breaks_the_promise(row)]
    for row in broken:
        print(f"Broken: {row.step} of {row.tasks} at {row.latency * 1000:.0f} ms: {row.mutating} mutating, {row.chain}")
    return 1 if broken else 0


def warm_up(endpoint_url: str) -> None:
    """Let the server load what it loads with the first request of each service."""
    with slowed(endpoint_url, 0) as proxy:
        for _ in life(proxy, 1):
            pass


def life(proxy: LatencyProxy, tasks: int) -> Iterator[Row]:
    """The commands of one stack's life, in a project of their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for place in ("config", "src"):
            (root / place).mkdir()
        stack = STACK + "".join(TASK.format(number=number) for number in range(tasks))
        (root / "config" / "task.toml").write_text(stack, encoding="utf-8")
        handler = root / "src" / "handler.py"
        handler.write_text(HANDLER.format(result="[]"), encoding="utf-8")
        yield measured(proxy, root, tasks, "cold up", "up")
        yield measured(proxy, root, tasks, "second up", "up")
        yield measured(proxy, root, tasks, "plan", "plan")
        yield measured(proxy, root, tasks, "status", "status")
        handler.write_text(HANDLER.format(result="None"), encoding="utf-8")
        yield measured(proxy, root, tasks, "code up", "up")
        yield measured(proxy, root, tasks, "down", "down", "--yes")


def measured(proxy: LatencyProxy, root: Path, tasks: int, step: str, *words: str) -> Row:
    """Run the command once. Its own count of calls has to be what the proxy saw."""
    proxy.log.clear()
    aws = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
    begun = time.monotonic()
    ran = subprocess.run(
        [COMMAND, *words, "--json", "--endpoint-url", proxy.endpoint_url],
        cwd=root,
        env={**os.environ, **aws},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    if ran.returncode != 0:
        raise SystemExit(f"{step} failed with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    counted = json.loads(ran.stdout)["api_calls"]
    calls = proxy.log.calls
    if counted["total"] != len(calls):
        raise SystemExit(f"{step} counts {counted['total']} calls, and {len(calls)} were made")
    chain = longest_chain(calls)
    return Row(tasks, step, proxy.seconds, len(calls), counted["mutating"], len(chain), chain, seconds)


def longest_chain(calls: Sequence[Call]) -> tuple[str, ...]:
    """The longest path of calls in which each began after the one before it had ended.

    Those could not overlap, or did not. At 0 ms calls are so short that chance puts many behind each other; the
    longer the latency, the more the chain is what the program waits for.
    """
    ending: list[tuple[float, tuple[str, ...]]] = []
    for call in sorted(calls, key=lambda call: call.start):
        before = max((chain for end, chain in ending if end <= call.start), key=len, default=())
        ending.append((call.start if call.end is None else call.end, (*before, call.what)))
    return max((chain for _, chain in ending), key=len, default=())


def breaks_the_promise(row: Row) -> bool:
    """Whether this is a second `up` that writes, or that waits too often: seen at the longest latency, of one task.

    With ten tasks the reads are more than the workers, so that they come in waves.
    """
    if row.step != "second up":
        return False
    waits = (row.latency, row.tasks) == (LATENCIES[-1], 1) and row.in_a_row > IN_A_ROW_AT_MOST
    return row.mutating > 0 or waits


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each command, the latencies side by side; the ratio is to the wall time at 0 ms."""
    by_key = {(row.tasks, row.step, row.latency): row for row in rows}
    heads = "".join(f"{f'{latency * 1000:.0f} ms':>9} in a row  ratio" for latency in LATENCIES)
    yield f"{'tasks':>5}  {'command':<10}{'calls':>6}{'mutating':>9}{heads}"
    for tasks, step in dict.fromkeys((row.tasks, row.step) for row in rows):
        runs = [by_key[tasks, step, latency] for latency in LATENCIES]
        base = runs[0].seconds
        cells = "".join(f"{run.seconds:>7.2f} s{run.in_a_row:>9}{run.seconds / base:>7.1f}" for run in runs)
        yield f"{tasks:>5}  {step:<10}{runs[-1].calls:>6}{runs[-1].mutating:>9}{cells}"


def chains(rows: Sequence[Row]) -> Iterator[str]:
    """The longest chains of one task at the longest latency, call by call."""
    yield f"\nLongest chains of one task at {LATENCIES[-1] * 1000:.0f} ms:"
    for row in rows:
        if (row.tasks, row.latency) == (SIZES[0], LATENCIES[-1]):
            yield f"  {row.step}: " + "\n      -> ".join(row.chain)


if __name__ == "__main__":
    sys.exit(main())
