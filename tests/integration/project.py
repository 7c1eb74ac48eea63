"""A user's project on the disk, and the installed command run in it."""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from tests.integration import warm
from tests.integration.warm import Running

COMMAND = Path(sys.executable).with_name("task-deploy")
REGION = "eu-central-1"

HANDLER = """\
def handle_event(event_name, key):
    return []
"""

CONFIG = """\
[stack]
name = "media"
region = "eu-central-1"

[command_topics.orders]

[tasks.ingest]
source = "src"
callback = "handler:handle_event"
command_topics = ["orders"]

[tasks.ingest.buckets.uploads]
mode = "Read"
"""

SECOND_TASK = """
[tasks.resize]
source = "src"
callback = "handler:handle_event"

[tasks.resize.buckets.images]
mode = "Read"
"""


class Difference(TypedDict):
    """One attribute that differs."""

    path: str
    wanted: object
    found: object


class Change(TypedDict):
    """One line of a plan."""

    address: str
    kind: str
    action: str
    differences: list[Difference]
    reason: str
    state: NotRequired[str]


class Failed(TypedDict):
    """One change that failed."""

    address: str
    code: str
    message: str
    hint: str


class Outcome(TypedDict):
    """How it went."""

    done: int
    failed: list[Failed]
    skipped: list[str]


class Warned(TypedDict):
    """One warning."""

    code: str
    address: str
    message: str


class Refusal(TypedDict):
    """The error that stopped a command."""

    code: int
    summary: str
    detail: str
    hint: str


class Document(TypedDict):
    """What `--json` prints, as the contract says: a result, or an error alone."""

    schema: int
    command: str
    stack: str
    env: str
    account: str
    region: str
    state: NotRequired[str]
    changes: list[Change]
    outcome: Outcome
    outputs: dict[str, dict[str, dict[str, object]]]
    warnings: list[Warned]
    api_calls: dict[str, int]
    error: NotRequired[Refusal]


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Document:
        """The one JSON document on stdout; an error if there is anything else."""
        document: Document = json.loads(self.out)
        return document

    @property
    def differing(self) -> dict[str, set[str]]:
        """What the plan changes: the paths that differ, for each address whose action is not `keep`."""
        return {
            change["address"]: {difference["path"] for difference in change["differences"]}
            for change in self.document["changes"]
            if change["action"] != "keep"
        }

    @property
    def actions(self) -> dict[str, str]:
        """The action for each address."""
        return {change["address"]: change["action"] for change in self.document["changes"]}

    @property
    def states(self) -> dict[str, str]:
        """The state for each address."""
        return {change["address"]: change["state"] for change in self.document["changes"]}


@dataclass(frozen=True)
class Project:
    """A project's folder, and the environment in which the user works there."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def configure(self, text: str, overlay: str = "task") -> None:
        """Write a file of the config folder."""
        self.write(f"config/{overlay}.toml", text)

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace what is there once in a file."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.write(path, text.replace(old, new))

    @property
    def manifest(self) -> Path:
        """Where the manifest of the stack is, in the environment dev."""
        return self.root / ".task-deploy" / "media.dev.json"

    def grow_old(self) -> None:
        """Let an hour pass since the last run: what AWS does not show now is gone."""
        grow_old(self.manifest)

    def files(self) -> dict[str, bytes]:
        """All files with their content, and all folders; not the locks, which say nothing but who held them last."""
        return {
            str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else b""
            for path in self.root.rglob("*")
            if path.suffix != ".lock"
        }

    def start(self, *words: str, **environment: str) -> Running:
        """Start the command and do not wait for it."""
        return warm.start(words, self.root, {**self.environment, **environment})

    def run(self, *words: str, **environment: str) -> Ran:
        """Run the command to its end, without a terminal."""
        return ended(self.start(*words, **environment))

    def succeed(self, *words: str, **environment: str) -> Ran:
        """Run the command, which has to end well."""
        ran = self.run(*words, **environment)
        assert ran.code == 0, ran
        return ran

    def refused(self, *words: str, code: int, **environment: str) -> Refusal:
        """Run the command with --json, which has to stop with this exit code and one error document; returns it."""
        ran = self.run(*words, "--json", **environment)
        assert (ran.code, "") == (code, ran.err), ran
        document = ran.document
        assert set(document) == {"schema", "error"}
        assert document["error"]["code"] == code
        return document["error"]


def grow_old(manifest: Path) -> None:
    """Let an hour pass since a manifest was written: nothing that it records is new any more."""
    then = time.time() - 3600
    os.utime(manifest, (then, then))


def ended(process: Running) -> Ran:
    """Wait for the end of a process."""
    with process:
        out, err = process.communicate(timeout=120)
    return Ran(process.wait(), out, err)
