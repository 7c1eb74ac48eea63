"""Large request bodies: how they are sent, and how large one was that did not get through."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import HTTPClientError

from task_deployer.errors import ResourceError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_PIECE = 16 * 1024
LARGE = 1_000_000
"""Bytes: from here on it is the line that makes a call slow."""

_HINT = (
    "The line may be too slow or unsteady for it, or a proxy may end it: try again, or elsewhere; or move what the "
    "function does not need out of its source folder, since all of that is packed."
)


def send_in_pieces(request: "AWSPreparedRequest", **_: object) -> None:
    """Listen to botocore's `before-send`: give a body of bytes as a file: each piece has a time-out of its own.

    Python gives the sending of one lump a single deadline, and urllib3 takes the connect timeout for it: so many bytes
    as the line takes in that time would be the largest upload. A file is read and sent in blocks of 16 KiB
    (http.client), and only a line that takes none of them for the whole of the timeout is broken.
    """
    if isinstance(request.body, bytes) and len(request.body) > _PIECE:
        request.body = io.BytesIO(request.body)


def size_of_upload(error: BaseException) -> int | None:
    """How many bytes the body had that did not get through; None for a small one, or where the error does not tell."""
    headers = getattr(getattr(error, "request", None), "headers", None)  # an HTTPClientError may have it
    length = headers.get("Content-Length") if isinstance(headers, Mapping) else None
    size = int(length) if length is not None else 0
    return size if size >= LARGE else None


def cause_of_break(error: BaseException) -> str:
    """What ended the connection, in the system's words: a time-out, a reset; empty where the error does not tell."""
    inner = error.kwargs.get("error") if isinstance(error, HTTPClientError) else None
    return f"{inner.args[-1]}." if isinstance(inner, Exception) and inner.args else ""


def broken_off(size: int, code: str, detail: str, address: str | None = None) -> ResourceError:
    """The error of an upload of so many bytes that did not get through. `detail` is AWS's or the system's reason."""
    summary = f"An upload of {size / 1e6:.1f} MB was broken off"
    return ResourceError(summary, code=code, detail=detail, hint=_HINT, address=address)
