"""Object keys as S3 puts them into events. Pure."""

import re
from urllib.parse import unquote_plus

from task_runtime.fields import EventError, shown

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_key(encoded: str) -> str:
    """Decode an object key: S3 sends it form-encoded, a space as `+`, other characters as `%` and UTF-8 in hex.

    (S3 User Guide, "Event message structure".) Raises EventError for what S3 cannot have encoded; a guess would name
    some other object.
    """
    broken = _BROKEN_ESCAPE.search(encoded)
    if broken:
        raise EventError(f"the key {shown(encoded)} has no two hex digits after the % at position {broken.start()}")
    try:
        return unquote_plus(encoded, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"the key {shown(encoded)} is not UTF-8 once decoded: {error}") from error


def printable(key: str) -> str:
    """Give a key as messages show it: itself, or its repr where it could break or forge a line of the log."""
    return key if key.isprintable() else repr(key)
