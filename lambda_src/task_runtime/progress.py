"""How far one record has come with its actions."""

from dataclasses import dataclass

from task_runtime.actions import Action, PublishCommand
from task_runtime.events import ObjectEvent


@dataclass
class Progress:
    """One record on its way: its event and actions, the commands sent so far, and the error that ended it, if any."""

    event: ObjectEvent
    actions: tuple[Action, ...]
    sent: int = 0
    error: BaseException | None = None

    def named(self, position: int) -> str:
        """Give the words for the action at a position (from 0)."""
        action = self.actions[position]
        if isinstance(action, PublishCommand):
            words = f"the command for {action.topic!r:.80}"
        else:
            words = f"{type(action).__name__} {action.key!r:.80}"
        return f"action {position + 1} of {len(self.actions)}, {words},"
