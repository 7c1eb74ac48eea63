"""A project on the disk, with a valid configuration that a test changes in one place."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from task_deployer.config import Config, load
from task_deployer.errors import ConfigError, Mistake

HANDLER = "async def handle_event(event_name, key):\n    return []\n"

VALID = """\
[stack]
name = "media"
{stack}
[command_topics.orders]
{topic}
[tasks.ingest]
source = "lambda_src"
callback = "handler:handle_event"
{task}
[tasks.ingest.buckets.uploads]
mode = "ReadWrite"
{bucket}
"""


def valid(*, stack: str = "", topic: str = "", task: str = "", bucket: str = "") -> str:
    """Return a valid `task.toml`, with lines added to its tables."""
    return VALID.format(stack=stack, topic=topic, task=task, bucket=bucket)


@dataclass(frozen=True)
class Project:
    """A project's folder, with a handler and a configuration."""

    root: Path

    def write(self, base: str, **overlays: str) -> None:
        """Write `task.toml` and overlays."""
        for name, text in {"task": base, **overlays}.items():
            (self.root / "config" / f"{name}.toml").write_text(text, encoding="utf-8")

    def load(self, env: str = "dev") -> Config:
        """Load the configuration."""
        return load(self.root / "config", env)

    def mistakes(self, env: str = "dev") -> tuple[Mistake, ...]:
        """Load a configuration that has mistakes, and return them."""
        with pytest.raises(ConfigError) as caught:
            self.load(env)
        return caught.value.mistakes

    def told(self, base: str, env: str = "dev") -> list[str]:
        """Write a configuration with mistakes, and return what the user is told, without the places."""
        self.write(base)
        return [str(one).removeprefix(f"{one.file}:{one.line}: ") for one in self.mistakes(env)]
