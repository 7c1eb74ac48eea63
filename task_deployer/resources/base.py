"""A resource is frozen data with five verbs; to refer to another resource is to depend on it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, NewType, Protocol, TypeAlias, TypeVar, runtime_checkable

from task_deployer.aws import Account, Aws
from task_deployer.resources.held import Held
from task_deployer.resources.rights import Rights

Address = NewType("Address", str)
"""`kind.scope`, as in `function.ingest`: the stable name that users see and the manifest is keyed by."""

Identity = Mapping[str, str]
"""What finds and deletes a thing at AWS. Stored in the manifest, so it never holds a secret."""

ENTRIES = "entries"
"""The identity's key for what tells our entries in a document that we share with others, separated by blanks."""

Seen = TypeVar("Seen")
Value = str | int | bool | None | tuple["Value", ...]


@dataclass(frozen=True)
class Difference:
    """One attribute that is not as the config wants it. A `fixed` one cannot be changed in place at AWS."""

    path: str
    wanted: Value
    found: Value
    fixed: bool = False


class Resource(ABC, Generic[Seen]):
    """One thing at AWS, as the config wants it.

    Subclasses are frozen dataclasses. `observe` and `delete` take the identity alone, so `status` and `down` need
    no config; `diff` is pure; `create` and `update` write and are safe to repeat; the absent is no error to `delete`.
    """

    kind: ClassVar[str]
    goes_with: ClassVar[str | None] = None
    """The kind of the resource whose deletion takes this one along at AWS, so that no call of its own is needed."""
    outlives: ClassVar[tuple[str, ...]] = ()
    """The kinds of the same task that are deleted before this one, although they do not refer to this one."""
    lags: ClassVar[bool] = False
    """Whether AWS may show for a while what was there before a write."""
    lingers: ClassVar[bool] = False
    """Whether AWS may show one that is deleted for a while, with all that it held."""
    vanishes: ClassVar[bool] = False
    """Whether AWS shows one that is deleted no more: what is shown is there."""
    reached_by: ClassVar[tuple[str, ...]] = ()
    """The identity's keys that say how to reach the thing: without them it is the same thing still."""
    made_by: ClassVar[str] = ""
    """The call that makes one, and gives it its tags; empty where one may come to be without it, or without tags."""
    stays: ClassVar[Mapping[str, str]] = {}
    """The entries that no deletion takes out of a document of others, with the words that tell it."""
    exclusive: ClassVar[bool] = False
    """Whether one that exists without a record of ours is a conflict, rather than something to make as wanted."""
    rights: ClassVar[Rights]
    """What whoever runs the tool must be allowed to do, on the `arns`."""
    scope: str

    @property
    def address(self) -> Address:
        """The stable name of the resource with us."""
        return Address(f"{self.kind}.{self.scope}")

    @property
    @abstractmethod
    def identity(self) -> Identity:
        """What finds the resource at AWS."""

    @property
    def depends_on(self) -> tuple["AnyResource", ...]:
        """The resources that its fields refer to, in the order of the fields."""
        return tuple(_references(self))

    @property
    def wants_nothing(self) -> bool:
        """Whether the wish is that nothing be there: then absence is as wanted, and there is nothing to record."""
        return False

    @classmethod
    @abstractmethod
    def arns(cls, account: Account, identity: Identity) -> tuple[str, ...]:
        """The ARNs that the rights are about."""

    @classmethod
    @abstractmethod
    def observe(cls, aws: Aws, identity: Identity) -> Seen | None:
        """Read what is at AWS; None says that it is absent. A read that AWS refuses raises `ResourceError`."""

    @abstractmethod
    def diff(self, seen: Seen) -> tuple[Difference, ...]:
        """Compare the wish with what was seen. Pure."""

    @abstractmethod
    def create(self, aws: Aws) -> None:
        """Make it."""

    @abstractmethod
    def update(self, aws: Aws, seen: Seen) -> None:
        """Make what is there as wanted. Where the document is shared it is read again first."""

    def make_anew(self, aws: Aws) -> None:
        """Remove it and make it again."""
        self.delete(aws, self.identity)
        self.create(aws)

    @classmethod
    @abstractmethod
    def delete(cls, aws: Aws, identity: Identity) -> None:
        """Remove it. What is absent already is done."""


AnyResource: TypeAlias = Resource[Any]
"""A resource of any kind: the engine's border, where what was seen is handed on unopened."""


def _references(resource: AnyResource) -> Iterator[AnyResource]:
    for value in (getattr(resource, field.name) for field in fields(resource)):  # type: ignore[arg-type]  # every kind is a dataclass; a test holds it
        items = value if isinstance(value, tuple) else (value,)
        yield from (item for item in items if isinstance(item, Resource))


@runtime_checkable
class Tagged(Protocol):
    """What was seen of a thing that bears tags: whose it is can be told."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags at AWS."""


@runtime_checkable
class Owned(Protocol):
    """A wish that bears our tags. If such a thing exists without a record, it is somebody's: a conflict."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that we give."""


@runtime_checkable
class Referenced(Protocol):
    """A wish that may only refer to what exists already: `existing` things are used, never made, changed or deleted."""

    @property
    def existing(self) -> bool:
        """Whether the thing is somebody else's."""


@runtime_checkable
class Numbered(Protocol):
    """What was seen of a thing whose ARN holds an id that AWS chose."""

    def arn(self, account: Account) -> str:
        """The ARN of the very thing."""


@runtime_checkable
class Shared(Protocol):
    """What was seen of a document that is there whoever has entries in it."""

    @property
    def absent(self) -> bool:
        """Whether nothing of ours is in it."""


@runtime_checkable
class Left(Protocol):
    """What was seen of a thing of ours that its deletion may leave to others, who put something on it."""

    @property
    def left_to(self) -> str:
        """To whom, in words; empty if it goes."""


def is_absent(seen: object) -> bool:
    """Whether nothing of ours is at AWS."""
    return seen is None or (isinstance(seen, Shared) and seen.absent)


@dataclass(frozen=True)
class Refusal:
    """Why a wish cannot be written, and what its author can do."""

    what: str
    advice: str
    bears_our_id: bool = False
    """Whether it is about what nobody has recorded and bears an id of ours: where a manifest was lost, it is ours."""


@runtime_checkable
class Careful(Protocol):
    """A wish that AWS, or care for others, would refuse in the light of what is there already."""

    def refusals(self, seen: object, recorded: tuple[str, ...]) -> tuple[Refusal, ...]:
        """Why it cannot be written; empty if it can. `recorded` are the entries that are on record as ours. Pure."""


@runtime_checkable
class HoldsData(Protocol):
    """A kind whose deletion may lose what cannot be had back."""

    @classmethod
    def count(cls, aws: Aws, identity: Identity) -> Held:
        """What is in it, counted up to a limit that the kind states."""

    @classmethod
    def discard(cls, aws: Aws, identity: Identity) -> None:
        """Remove it with all that is in it. What is absent already is done."""


def same_thing(one: Identity, other: Identity) -> bool:
    """Whether two identities name one thing at AWS; their entries in a shared document may differ."""
    return {**one, ENTRIES: ""} == {**other, ENTRIES: ""}


def entries_of(identity: Identity) -> tuple[str, ...]:
    """What tells our entries in a shared document."""
    return tuple(identity.get(ENTRIES, "").split())


def joined(one: Identity, other: Identity) -> Identity:
    """One identity with the entries of both, for the time in which either may be at AWS."""
    both = {ENTRIES: " ".join(sorted({*entries_of(one), *entries_of(other)}))}
    return {**one, **both} if ENTRIES in one or ENTRIES in other else one


def differing(wanted: Mapping[str, Value], found: Mapping[str, Value], prefix: str = "") -> tuple[Difference, ...]:
    """One difference for each wanted key whose value was found to be another, or not at all."""
    return tuple(Difference(prefix + key, was, found.get(key)) for key, was in wanted.items() if found.get(key) != was)
