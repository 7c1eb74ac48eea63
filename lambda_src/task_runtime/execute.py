"""Actions are done strictly in order, record after record, once all callbacks have ended."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from task_runtime import objects
from task_runtime.actions import Action, ActionError, PublishCommand
from task_runtime.deadline import Deadline, OutOfTimeError
from task_runtime.fields import reason
from task_runtime.messages import Message, message
from task_runtime.objects import ObjectError
from task_runtime.progress import Progress
from task_runtime.publish import Letter, Outbox, Sqs
from task_runtime.storage import AccessError, Storage


class GroupHeldError(RuntimeError):
    """An earlier message of the same FIFO group failed, so this one has to come again after it."""


@dataclass(frozen=True)
class Executor:
    """Does what records ask for: commands to the queues of `topics`, in the name of `service`, objects by `storage`."""

    topics: Mapping[str, str]
    service: str
    sqs: Sqs
    storage: Storage
    sleep: Callable[[float], object]

    def execute(self, records: Iterable[tuple[Progress, str | None]], deadline: Deadline) -> None:
        """Do the actions of all records, each with the group of the FIFO queue that brought it, if one did.

        What ends a record is kept in its progress. All of a record's actions are checked before the first is begun;
        its messages are made then, and go when they are sent, so that not all of an invocation's lie in memory.
        """
        outbox = Outbox(self.sqs, deadline, self.sleep)
        held: set[str] = set()
        for progress, group in records:
            if group in held and progress.error is None:
                progress.error = GroupHeldError(f"an earlier message of the group {group!r:.130} failed")
            self._begin(progress, outbox, deadline)
            if group is not None:
                outbox.flush()  # whether it failed has to be known before the next one of its group
                held |= {group} if progress.error else set()
        outbox.flush()

    def _begin(self, progress: Progress, outbox: Outbox, deadline: Deadline) -> None:
        if progress.error is None and progress.actions and not deadline.allows():
            progress.error = OutOfTimeError("no time was left for its actions, so none was begun")
        if progress.error is None:
            try:
                ready = [self._checked(progress, position) for position in range(len(progress.actions))]
            except Exception as error:  # noqa: BLE001 - the border between records; a command may hold the user's classes
                progress.error = error
                return
            for position, step in enumerate(ready):
                self._step(step, position, progress, outbox)

    def _checked(self, progress: Progress, position: int) -> Message | Action:
        action = progress.actions[position]
        try:
            if isinstance(action, PublishCommand):
                return message(action, position, progress.event, topics=self.topics, service=self.service)
            objects.check(action, progress.event, self.storage)
        except (ActionError, AccessError) as error:
            words = f"{progress.named(position)} cannot be done, so none was: {error}"
            raise type(error)(words) from error
        return action

    def _step(self, step: Message | Action, position: int, progress: Progress, outbox: Outbox) -> None:
        if isinstance(step, Message):
            if progress.error is None:
                outbox.add(Letter(step, progress, position))
            return
        outbox.flush()  # what comes before it in the list is done before it
        if progress.error is None and not isinstance(step, PublishCommand):
            try:
                objects.perform(step, progress.event, self.storage)
            except Exception as error:  # noqa: BLE001 - the border between records: the others go on
                words = f"{progress.named(position)} was not done, nor any after it: {reason(error)}"
                progress.error = ObjectError(words)
                progress.error.__cause__ = error
