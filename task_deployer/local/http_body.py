"""Reading the body of one HTTP request to its end, so that the next one can follow on the same connection."""

from email.message import Message
from io import BufferedIOBase


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """Reads as many bytes as Content-Length says, or all chunks of a chunked body and its trailers."""
    if (headers.get("Transfer-Encoding") or "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length") or 0))
    chunks = []
    while size := int(stream.readline().split(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        continue  # trailers, such as a checksum: moto needs none
    return b"".join(chunks)
