"""What is made when it is first asked for."""

import threading
from collections.abc import Callable


class Later:
    """Things that are made by name when they are first asked for, and once: most runs never need them.

    Safe between threads; only one is made at a time.
    """

    def __init__(self, make: Callable[[str], object]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[str, object] = {}

    def __call__(self, name: str) -> object:
        """Give it."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]
