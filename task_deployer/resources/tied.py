"""What AWS ties to the very thing that it refers to, by an id that another thing of that name does not have."""

from typing import Protocol, runtime_checkable

from task_deployer.resources.base import AnyResource


@runtime_checkable
class Bound(Protocol):
    """A wish that AWS ties to the very thing it refers to: one made anew under the same name does not do."""

    @property
    def bound_to(self) -> AnyResource:
        """The thing that it is tied to."""

    def is_bound(self, seen: object) -> bool:
        """Whether what was seen of it refers to that thing, by its name."""


@runtime_checkable
class Unique(Protocol):
    """What was seen of a thing that AWS gives an id of its own, another one each time it is made."""

    @property
    def unique_id(self) -> str:
        """That id."""
