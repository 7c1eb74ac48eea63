"""Fields of JSON that came from elsewhere: found by their path, and refused by name where they are wrong. Pure."""

import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200
_SHORT.maxlevel = 3


class EventError(ValueError):
    """An event, or one record of it, is not what S3 sends."""


def value(record: object, *path: str) -> object:
    """Give what stands at a path, or None where there is nothing."""
    found = record
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def text(record: object, *path: str) -> str | None:
    """Give the string at a path, None where there is none. Raises EventError where something else stands there."""
    found = value(record, *path)
    if found is None or isinstance(found, str):
        return found
    raise EventError(f"the record's {'.'.join(path)} is no string but {shown(found)}")


def required(record: object, *path: str) -> str:
    """Give the string at a path. Raises EventError where there is none, or an empty one."""
    found = text(record, *path)
    if not found:
        raise EventError(f"the record has no {'.'.join(path)}")
    return found


def whole_number(record: object, *path: str) -> int | None:
    """Give the whole number at a path, None where there is none. Raises EventError where something else stands."""
    found = value(record, *path)
    if found is None or (isinstance(found, int) and not isinstance(found, bool)):
        return found
    raise EventError(f"the record's {'.'.join(path)} is no number of bytes but {shown(found)}")


def instant(record: object, *path: str) -> datetime:
    """Give the aware time at a path, in UTC. Raises EventError where there is none."""
    found = required(record, *path)
    name = ".".join(path)
    try:
        time = datetime.fromisoformat(found)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # overflow: the first or last hours that Python can count
        raise EventError(f"{name} {shown(found)} is no ISO-8601 time") from error
    raise EventError(f"{name} {shown(found)} has no time zone; S3's ends in Z")


def shown(found: object) -> str:
    """Give a value as messages show it: on one line, shortened where it is long, wide or deep."""
    return _SHORT.repr(found)


def reason(error: BaseException) -> str:
    """Give an exception's type and words, even where its own `__str__` fails."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the user's own class may do anything
        return type(error).__name__
