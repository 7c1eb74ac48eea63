"""The command's output where nobody reads it any more, as with `| head -1`.

The reader has what he wanted, and did not ask the command to stop: least of all an `up` whose progress he looked at.
Therefore what is written after that is dropped, at the file descriptor, so that nothing above it has to know: the
command goes on, and ends with the exit code of its work.
"""

import io
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Unread(io.FileIO):
    """A file descriptor that takes what is written to a closed pipe for written."""

    def write(self, data: "ReadableBuffer", /) -> int | None:  # type: ignore[override]  # as FileIO's: None if it would block
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def outlive_readers() -> None:
    """Let this process write on to stdout and stderr whose reader is gone. A full disk stays an error."""
    sys.stdout, sys.stderr = _outliving(sys.stdout), _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    """The same stream but for that; one that is closed from the start (None), or no file, as it is."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    unread = _Unread(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        unread if stream.write_through else io.BufferedWriter(unread),  # PYTHONUNBUFFERED
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
