"""What a callback may ask for. Pure values: the runtime acts on them after all callbacks have ended.

Nothing is checked when one is made. The runtime checks all actions of a record before it does the first of them, and
a mistake fails that record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


class CallbackError(Exception):
    """The callback cannot be had, cannot be called as the runtime calls it, or returned what is no list of actions."""


class ActionError(ValueError):
    """An action that AWS would refuse, or that the task's configuration does not allow."""


@dataclass(frozen=True)
class PublishCommand:
    """Asks for one command on the queue of a command topic.

    `topic` is a name out of the task's `command_topics`. `id` says whom the command is for: on a FIFO queue, commands
    of one id are received in the order in which they were sent. `command` is what `json.dumps` takes.
    `delay_seconds`, 0 to 900, is for standard queues alone. `headers` and the W3C `traceparent` are handed on in the
    message's `meta`.
    """

    topic: str
    id: str
    command: JSON
    delay_seconds: int = field(default=0, kw_only=True)
    headers: Mapping[str, str] | None = field(default=None, kw_only=True)
    traceparent: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _keep_own(self, "headers")


@dataclass(frozen=True)
class PutObject:
    """Asks for an object: `body` is its content, or the path of a file that is sent without being read into memory.

    `bucket` is the name of the bucket at AWS; without it the event's own. A task that writes where its own events
    come from runs again: use another bucket, or a prefix that its events leave out.
    """

    key: str
    body: bytes | str | Path
    bucket: str | None = field(default=None, kw_only=True)
    content_type: str | None = field(default=None, kw_only=True)
    metadata: Mapping[str, str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _keep_own(self, "metadata")


@dataclass(frozen=True)
class DeleteObject:
    """Asks for an object's removal, from the event's bucket unless another is named. An absent one is no failure."""

    key: str
    bucket: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class CopyObject:
    """Asks for a copy inside S3, up to 5 GB (S3's limit for one call), content type and metadata included.

    Either bucket is the event's unless it is named. `source_version_id` copies that version, not the current one.
    """

    key: str
    source_key: str
    bucket: str | None = field(default=None, kw_only=True)
    source_bucket: str | None = field(default=None, kw_only=True)
    source_version_id: str | None = field(default=None, kw_only=True)


ObjectAction: TypeAlias = PutObject | DeleteObject | CopyObject
Action: TypeAlias = PublishCommand | ObjectAction


def actions_in(returned: object, callback_name: str) -> tuple[Action, ...]:
    """Give the actions that a callback returned; None is no action.

    Raises CallbackError, naming the callback, for anything but None or a list or tuple of actions.
    """
    if returned is None:
        return ()
    if not isinstance(returned, list | tuple):
        raise CallbackError(f"{callback_name} returned {_described(returned)}; return a list of actions, or None")
    for position, action in enumerate(returned, start=1):
        if not isinstance(action, Action):
            raise CallbackError(
                f"{callback_name} returned a list whose item {position} is {_described(action)}, which is no action; "
                "an action is a PublishCommand, PutObject, DeleteObject or CopyObject"
            )
    return tuple(returned)


def _keep_own(action: object, name: str) -> None:
    """Copy a mapping: the caller may go on with its own dict, as loops do; the action keeps what it was given."""
    given = getattr(action, name)
    if isinstance(given, Mapping):
        object.__setattr__(action, name, MappingProxyType(dict(given)))


def _described(value: object) -> str:
    """Give the type and the beginning of a value; for a mistake, not for a report of the data."""
    return f"{type(value).__name__} {value!r:.80}"
