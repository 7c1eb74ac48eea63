"""Commands that are proposed to the user, with the options that say which stack they are about. Pure.

Whoever proposes one writes `task-deploy up` and no more: only the command line knows how this run was told its stack.
Typed without that, the command would be about another one.
"""

import re
from collections.abc import Mapping

from task_deployer.errors import TaskDeployError

Naming = Mapping[str, str]
"""What this run was told about its stack: each option with its value as a shell takes it, by its name: `--env`."""

_PROPOSED = re.compile(r"`task-deploy (?P<command>[a-z][^`]*)`")


def completed(text: str, naming: Naming) -> str:
    """The same text, with what is missing in the commands that it proposes. What is complete stays as it is."""

    def complete(proposed: re.Match[str]) -> str:
        command = proposed["command"]
        missing = [words for option, words in naming.items() if option not in command.split()]
        return f"`{' '.join(('task-deploy', command, *missing))}`"

    return _PROPOSED.sub(complete, text)


def completed_in(document: object, naming: Naming) -> object:
    """The same document, with all its texts completed."""
    if isinstance(document, str):
        return completed(document, naming)
    if isinstance(document, Mapping):
        return {key: completed_in(value, naming) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [completed_in(value, naming) for value in document]
    return document


def complete(error: TaskDeployError, naming: Naming) -> None:
    """Complete what the error says."""
    error.summary, error.detail, error.hint = (
        completed(text, naming) for text in (error.summary, error.detail, error.hint)
    )
