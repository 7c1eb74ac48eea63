"""What a callback may ask for. Pure values: the runtime acts on them after all callbacks have ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


class CallbackError(Exception):
    """The callback cannot be had, cannot be called as the runtime calls it, or returned what is no list of actions."""


@dataclass(frozen=True)
class PublishCommand:
    """Asks for one command on the queue of a command topic.

    `topic` is a name out of the task's `command_topics`. `id` says whom the command is for: on a FIFO queue, commands
    of one id are received in the order in which they were sent. `command` is what `json.dumps` takes.
    `delay_seconds`, 0 to 900, is for standard queues alone. `headers` are handed on in the message's `meta`.

    Nothing is checked here. The runtime checks all commands of a record before it sends the first of them, and a
    mistake fails that record.
    """

    topic: str
    id: str
    command: JSON
    delay_seconds: int = field(default=0, kw_only=True)
    headers: Mapping[str, str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        # The caller may go on with its own dict, as loops do; this command keeps what it was given.
        if isinstance(self.headers, Mapping):
            object.__setattr__(self, "headers", MappingProxyType(dict(self.headers)))


Action: TypeAlias = PublishCommand


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
                "an action is a PublishCommand"
            )
    return tuple(returned)


def _described(value: object) -> str:
    """Give the type and the beginning of a value; for a mistake, not for a report of the data."""
    return f"{type(value).__name__} {value!r:.80}"
