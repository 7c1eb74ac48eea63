"""The user's function: what it is called, whether it can be called, and how an exception of its own ends one record."""

import inspect
from collections.abc import Callable
from typing import TypeAlias

from task_runtime.actions import CallbackError

Callback: TypeAlias = Callable[..., object]


def callback_name(callback: object) -> str:
    """Give the name by which messages call a callback: `module.function` where it has one."""
    name = getattr(callback, "__qualname__", None)
    return f"{getattr(callback, '__module__', '?')}.{name}" if name else repr(callback)


def takes_event(callback: object) -> bool:
    """Whether a callback takes the event as its third argument. Raises CallbackError if its parameters do not fit."""
    name = callback_name(callback)
    if not callable(callback):
        raise CallbackError(f"the callback {name} is no function but {type(callback).__name__}")
    signature = inspect.signature(callback)
    if _fits(signature, 3):
        return True
    if _fits(signature, 2):
        return False
    raise CallbackError(f"{name}{signature} cannot be called with (event_name, key), nor with (event_name, key, event)")


def tamed(error: BaseException, name: str) -> Exception:
    """Give an exception that ends one record and nothing else, for those that mean something to a future or a loop."""
    match error:
        case SystemExit():
            tame: Exception = RuntimeError(f"{name} called sys.exit({error.code!r})")
        case Exception() if not isinstance(error, StopIteration):
            return error
        case _:
            tame = RuntimeError(f"{name} raised {type(error).__name__}")
    tame.__cause__ = error
    return tame


def _fits(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
