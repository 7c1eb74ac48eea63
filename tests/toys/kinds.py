"""Toy kinds on a world that is a dict: what the plan and the engine do with any kind, without AWS.

A `toy` is a thing with tags; a `part` lies in a toy and goes with it; a `chest` holds data and may be somebody else's;
a `board` is a document that is shared with others, in which our notes are known by their ids.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, cast

from task_deployer.aws import Account, Aws
from task_deployer.resources import KINDS
from task_deployer.resources.base import (
    ENTRIES,
    AnyResource,
    Difference,
    Identity,
    Refusal,
    Resource,
    differing,
    entries_of,
)
from task_deployer.resources.held import Held
from task_deployer.resources.rights import Rights
from tests.toys.world import SeenToy, acting, reading

Seen = TypeVar("Seen")


class ToyKind(Resource[Seen]):
    """A kind that nobody needs a right for."""

    rights: ClassVar[Rights] = Rights((), (), ())

    @classmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:  # noqa: ARG003 - there are none
        """None."""
        return ()


@dataclass(frozen=True)
class Toy(ToyKind[SeenToy]):
    """A thing with a value. Above 99 a value is fixed: it cannot be had in place."""

    kind: ClassVar[str] = "toy"
    exclusive: ClassVar[bool] = True
    vanishes: ClassVar[bool] = True
    scope: str
    needs: tuple[AnyResource, ...] = ()
    value: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """Its name."""
        return {"name": self.scope}

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenToy | None:
        """Look."""
        with reading(identity["name"], aws) as world:
            return world.toys.get(identity["name"])

    def diff(self, seen: SeenToy) -> tuple[Difference, ...]:
        """Compare value and tags."""
        fixed = self.value != seen.value and self.value > 99
        value = (Difference("Value", self.value, seen.value, fixed=True),) if fixed else ()
        return (*(value or differing({"Value": self.value}, {"Value": seen.value})), *differing(self.tags, seen.tags))

    def create(self, aws: Aws) -> None:
        """Make it; all that it needs has to be there."""
        with acting("create", self.scope, aws) as world:
            missing = [toy.scope for toy in self.needs if isinstance(toy, Toy) and toy.scope not in world.toys]
            if missing:
                raise KeyError(f"{self.scope} was made before {missing}")
            world.toys[self.scope] = SeenToy(self.value, dict(self.tags))

    def update(self, aws: Aws, seen: SeenToy) -> None:
        """Set value and tags."""
        with acting("update", self.scope, aws) as world:
            world.toys[self.scope] = SeenToy(self.value, {**seen.tags, **self.tags})

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Remove it, and its parts with it."""
        name = identity["name"]
        with acting("delete", name, aws) as world:
            world.toys.pop(name, None)
            world.parts = {key: value for key, value in world.parts.items() if key[0] != name}


@dataclass(frozen=True)
class Chest(Toy):
    """A toy that holds data, may be somebody else's, and is shown late."""

    kind: ClassVar[str] = "chest"
    lags: ClassVar[bool] = True
    lingers: ClassVar[bool] = True
    vanishes: ClassVar[bool] = False
    existing: bool = False

    @classmethod
    def count(cls, aws: Aws, identity: Identity) -> Held:
        """One thing, if it is filled."""
        with reading(identity["name"], aws) as world:
            return Held({"coin": int(identity["name"] in world.filled)})

    @classmethod
    def discard(cls, aws: Aws, identity: Identity) -> None:
        """Take out what is in it, and remove it."""
        with acting("empty", identity["name"], aws) as world:
            world.filled.discard(identity["name"])
        cls.delete(aws, identity)


@dataclass(frozen=True)
class Part(ToyKind[int]):
    """Something in a toy, which takes it along when it goes."""

    kind: ClassVar[str] = "part"
    goes_with: ClassVar[str | None] = "toy"
    scope: str
    toy: Toy
    value: int = 1

    @property
    def identity(self) -> Identity:
        """The toy that it lies in, and its own name."""
        return {"toy": self.toy.scope, "part": self.scope}

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> int | None:
        """Look."""
        with reading(identity["part"], aws) as world:
            return world.parts.get((identity["toy"], identity["part"]))

    def diff(self, seen: int) -> tuple[Difference, ...]:
        """Compare the value."""
        return differing({"Value": self.value}, {"Value": seen})

    def create(self, aws: Aws) -> None:
        """Put it in."""
        with acting("create", self.scope, aws) as world:
            world.parts[self.toy.scope, self.scope] = self.value

    def update(self, aws: Aws, seen: int) -> None:  # noqa: ARG002 - the whole part is ours
        """Put it in anew."""
        self.create(aws)

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Take it out."""
        with acting("delete", identity["part"], aws) as world:
            world.parts.pop((identity["toy"], identity["part"]), None)


@dataclass(frozen=True)
class SeenBoard:
    """A board as it is, and the notes on it that are ours."""

    notes: Mapping[str, str]
    ours: Mapping[str, str]

    @property
    def absent(self) -> bool:
        """Whether no note of ours is on it."""
        return not self.ours


@dataclass(frozen=True)
class Board(ToyKind[SeenBoard]):
    """Our notes on a board that others write on too. A note that begins with that of another one is refused."""

    kind: ClassVar[str] = "board"
    scope: str
    notes: tuple[tuple[str, str], ...]
    needs: tuple[AnyResource, ...] = ()

    @property
    def identity(self) -> Identity:
        """The board, and the ids of our notes."""
        return {"board": self.scope, ENTRIES: " ".join(sorted(dict(self.notes)))}

    @classmethod
    def observe(cls, aws: Aws, identity: Identity) -> SeenBoard | None:
        """Read the whole board."""
        with reading(identity["board"], aws) as world:
            notes = dict(world.boards.get(identity["board"], {}))
        return SeenBoard(notes, {key: text for key, text in notes.items() if key in entries_of(identity)})

    def diff(self, seen: SeenBoard) -> tuple[Difference, ...]:
        """Compare our notes."""
        wanted = dict(self.notes)
        return differing({key: wanted.get(key) for key in {**wanted, **seen.ours}}, seen.ours)

    def refusals(self, seen: object, recorded: tuple[str, ...]) -> tuple[Refusal, ...]:
        """Say which note of ours begins as a foreign one does."""
        ours = {*dict(self.notes), *recorded}
        foreign = [t for k, t in seen.notes.items() if k not in ours] if isinstance(seen, SeenBoard) else []
        pairs = ((text, other) for _, text in self.notes for other in foreign if text[:1] == other[:1])
        return tuple(Refusal(f"{text} overlaps {other}", "Write something else.") for text, other in pairs)

    def create(self, aws: Aws) -> None:
        """Write our notes."""
        self._write(aws, ())

    def update(self, aws: Aws, seen: SeenBoard) -> None:
        """Write our notes, and wipe out those that are wanted no longer."""
        self._write(aws, tuple(seen.ours))

    @classmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Wipe out our notes."""
        with acting("delete", identity["board"], aws) as world:
            board = world.boards.get(identity["board"], {})
            for key in entries_of(identity):
                board.pop(key, None)

    def _write(self, aws: Aws, old: tuple[str, ...]) -> None:
        with acting("write", self.scope, aws) as world:
            board = world.boards.setdefault(self.scope, {})
            for key in old:
                board.pop(key, None)
            board.update(self.notes)


TOYS: Mapping[str, type[AnyResource]] = {kind.kind: kind for kind in (Toy, Chest, Part, Board)}


@contextmanager
def toys_registered() -> Iterator[None]:
    """Let the registry know the toys, and forget them at the end."""
    registry = cast("dict[str, type[AnyResource]]", KINDS)
    registry.update(TOYS)
    try:
        yield
    finally:
        for kind in TOYS:
            del registry[kind]
