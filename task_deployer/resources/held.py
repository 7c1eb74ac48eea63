"""What a thing holds, counted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Held:
    """What a thing holds: how many of each sort, by its name in the singular. `more`: there may be more of them."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    more: bool = False

    def __bool__(self) -> bool:
        return any(self.numbers.values())

    def __str__(self) -> str:
        counted = [f"{n:,} {sort}" + ("" if n == 1 else "s") for sort, n in self.numbers.items() if n]
        told = " and ".join(filter(None, (", ".join(counted[:-1]), *counted[-1:]))) or "nothing"
        return f"at least {told}" if self.more else told
