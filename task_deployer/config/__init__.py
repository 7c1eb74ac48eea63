"""The configuration: `load` reads the files of one environment, and tells every mistake in them at once.

folder -> tree      every value with its file and line     tree.py, lines.py
       -> models    types, limits and rules                model.py, bucket.py, rules.py, source.py, table.py
       -> Config    or a ConfigError with all mistakes     mistakes.py
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from task_deployer.config.bucket import BucketConfig, CorsRule
from task_deployer.config.mistakes import mistakes_of
from task_deployer.config.model import ConfigFile, StackConfig, TaskConfig, TopicConfig
from task_deployer.config.schema import json_schema
from task_deployer.config.table import A_NAME, REGION, Surroundings, quoted
from task_deployer.config.tree import Node, read_tree, shown, summary_of
from task_deployer.errors import ConfigError

__all__ = [
    "BucketConfig",
    "Config",
    "CorsRule",
    "StackConfig",
    "TaskConfig",
    "TopicConfig",
    "check_env",
    "json_schema",
    "load",
    "stack_name",
]

BASE = "task.toml"


@dataclass(frozen=True)
class Config:
    """The configuration of one stack in one environment, valid and with all defaults filled in."""

    stack: StackConfig
    command_topics: Mapping[str, TopicConfig]
    tasks: Mapping[str, TaskConfig]
    env: str
    root: Path  # absolute: the folder that holds the config folder; sources are relative to it
    folder: Path
    _tree: Node = field(repr=False, compare=False)

    def locate(self, *path: str | int) -> tuple[str, int]:
        """Tell the file and line that a key came from, as in `locate("tasks", "ingest", "memory_mb")`.

        A key that the files do not have is where its nearest ancestor is.
        """
        return self._tree.locate(path)


def load(folder: Path, env: str) -> Config:
    """Read and validate `task.toml` in a folder with `<env>.toml`, where there is one, laid over it.

    Raises ConfigError with every mistake in the files, and where the folder or its base is missing.
    """
    folder = Path(os.path.normpath(folder.absolute()))
    tree = read_tree(_files(folder, env))
    content = tree.plain()
    try:
        valid = ConfigFile.model_validate(content, context=_surroundings(content, env, folder.parent))
    except ValidationError as error:
        mistakes = mistakes_of(error, tree)
        raise ConfigError(summary_of(mistakes), mistakes=mistakes) from None
    return Config(valid.stack, valid.command_topics, valid.tasks, env, folder.parent, folder, tree)


def stack_name(folder: Path, env: str) -> str | None:
    """The stack's name in a config that may be full of mistakes; None where it does not say it."""
    try:
        content = read_tree(_files(folder, env)).plain()
    except ConfigError:
        return None
    name = _value(_value(content, "stack", {}), "name", None)
    return name if isinstance(name, str) and re.fullmatch("[a-z][a-z0-9-]*", name) else None


def check_env(env: str) -> None:
    """Raise `ConfigError` for what can be no environment's name. It goes into file names, so no pattern may pass."""
    is_base = f"{env}.toml" == BASE
    if not re.fullmatch("[a-z][a-z0-9-]*", env) or is_base:
        advice = f"{BASE} is the base of all environments" if is_base else A_NAME
        raise ConfigError(f"{quoted(env)} cannot be the name of an environment", hint=f"Choose another name: {advice}.")


def _files(folder: Path, env: str) -> list[Path]:
    """Name the files to read. Refuses an environment that can have none, and a folder without the base."""
    check_env(env)
    base, overlay = folder / BASE, folder / f"{env}.toml"
    try:
        if base.exists():
            return [base, overlay] if overlay.exists() else [base]
        missing = f"file {shown(base)}" if folder.is_dir() else f"folder {shown(folder)}"
    except OSError as error:  # not the same as absent
        raise ConfigError(f"The configuration folder {shown(folder)} cannot be read: {error.strerror}") from error
    hint = "Write one, as the README shows, or name another folder with --config."
    raise ConfigError(f"There is no configuration {missing}", hint=hint)


def _surroundings(content: object, env: str, root: Path) -> Surroundings:
    topics = _value(content, "command_topics", {})
    region = _value(_value(content, "stack", {}), "region", None)
    return Surroundings(
        env=env,
        root=root,
        topics=frozenset(topics) if isinstance(topics, dict) else None,
        region=region if isinstance(region, str) and re.fullmatch(REGION, region) else None,
    )


def _value(table: object, key: str, default: object) -> object:
    return table.get(key, default) if isinstance(table, dict) else default
