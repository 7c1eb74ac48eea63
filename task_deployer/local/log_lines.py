"""The log of one execution as Lambda writes it: START, what the handler printed, END, REPORT. Pure."""

from dataclasses import dataclass

_TAIL_BYTES = 4096  # LogType=Tail: "the last 4 KB of the execution log"


@dataclass(frozen=True)
class Report:
    """What the REPORT line tells. `init_ms` is None for a warm start, `used_mb` where the system does not say."""

    request_id: str
    duration_ms: float
    memory_mb: int
    used_mb: int | None
    init_ms: float | None

    def __str__(self) -> str:
        duration = max(self.duration_ms, 0.01)
        fields = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {duration:.2f} ms",
            f"Billed Duration: {int(duration) + 1} ms",
            f"Memory Size: {self.memory_mb} MB",
        ]
        if self.used_mb is not None:
            fields.append(f"Max Memory Used: {self.used_mb} MB")
        if self.init_ms is not None:
            fields.append(f"Init Duration: {self.init_ms:.2f} ms")
        return "\t".join(fields) + "\t\n"


def events_of(output: str, report: Report) -> tuple[str, ...]:
    """Makes log events of an execution's output, a line each; a carriage return within an event becomes a line break.

    The runtime ends the lines of one traceback with carriage returns, so that they stay one event.
    """
    printed = (line.replace("\r", "\n") + "\n" for line in output.split("\n") if line.strip())
    begin = f"START RequestId: {report.request_id} Version: $LATEST\n"
    return (begin, *printed, f"END RequestId: {report.request_id}\n", str(report))


def tail_of(events: tuple[str, ...]) -> bytes:
    """The last 4 KB of an execution's log."""
    return "".join(events).encode()[-_TAIL_BYTES:]
