"""What whoever runs the tool must be allowed to do with one kind of resource."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rights:
    """IAM actions by what they are for. `up` needs all three on what it manages; `plan` and `status` only read."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    delete: tuple[str, ...]
    listing: tuple[str, ...] = ()
    """Reads that are asked for without naming a thing, so that they can be allowed on everything only."""
    making: tuple[str, ...] = ()
    """Writes that AWS limits to no thing, but to the function that they are about (`lambda:FunctionArn`)."""
    replacing: tuple[str, ...] = ()
    """Reads that say what is lost where one has to be made anew: `plan` and `up` tell it before."""
    explaining: tuple[str, ...] = ()
    """Reads that say why a deletion failed, or what it concerns. Where they are forbidden, less is told."""

    @property
    def unlimited(self) -> tuple[str, ...]:
        """The actions that are allowed on everything or not at all."""
        return (*self.listing, *self.making)

    @property
    def needed(self) -> tuple[str, ...]:
        """All the actions without which a command stops."""
        return (*self.read, *self.write, *self.delete, *self.unlimited, *self.replacing)

    @property
    def api(self) -> str:
        """The service that the kind lives in, as IAM writes it: `lambda`."""
        return next((action.partition(":")[0] for action in self.read), "")
