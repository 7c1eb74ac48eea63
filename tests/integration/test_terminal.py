"""A real pseudo-terminal: colours, the plan before the question, and an answer that counts."""

import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.account import Account
from tests.integration.project import COMMAND, Project

SECONDS = 60
COLOUR = "\x1b[3"
QUESTION = "Go on?"


@dataclass
class Screen:
    """What a user at a terminal sees, and her keyboard."""

    keyboard: int
    _text: str = ""
    _grown: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    @property
    def text(self) -> str:
        """All that was written so far."""
        with self._grown:
            return self._text

    def watch(self) -> None:
        """Take in what is written until the other side is closed (which Linux tells by an error)."""
        try:
            while written := os.read(self.keyboard, 4096):
                with self._grown:
                    self._text += written.decode(errors="replace")
                    self._grown.notify_all()
        except OSError:
            pass
        with self._grown:
            self.ended = True
            self._grown.notify_all()

    def wait_for(self, words: str) -> None:
        """Wait until these words have been written."""
        with self._grown:
            self._grown.wait_for(lambda: words in self._text or self.ended, SECONDS)
            assert words in self._text

    def type(self, words: str) -> None:
        """Type."""
        os.write(self.keyboard, words.encode())


@contextmanager
def terminal(project: Project, *words: str, **environment: str) -> Iterator[tuple[Screen, "subprocess.Popen[bytes]"]]:
    """Run the command in a terminal for the time of the block, and wait for its end."""
    ours, its = pty.openpty()
    screen = Screen(ours)
    given = {**project.environment, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    with subprocess.Popen(
        [COMMAND, *words], cwd=project.root, env=given, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as process:
        os.close(its)
        watching = threading.Thread(target=screen.watch)
        watching.start()
        try:
            yield screen, process
            process.wait(SECONDS)
        finally:
            process.kill()
            watching.join()
            os.close(ours)


def test_colour(project: Project) -> None:
    """At a terminal plan and result are coloured; --no-color turns that off."""
    with terminal(project, "plan") as (screen, process):
        pass
    assert process.returncode == 0
    assert "+ bucket.ingest.uploads" in screen.text
    assert COLOUR in screen.text
    with terminal(project, "plan", "--no-color") as (screen, _):
        pass
    assert "+ bucket.ingest.uploads" in screen.text
    assert COLOUR not in screen.text


def test_no(project: Project, account: Account) -> None:
    """`down` shows its plan and asks; "n" changes nothing, at AWS and on the disk."""
    project.succeed("up")
    before = project.files(), account.listing()
    with terminal(project, "down") as (screen, process):
        screen.wait_for(QUESTION)
        assert "- bucket.ingest.uploads" in screen.text
        screen.type("n\n")
    assert process.returncode == 1
    assert "Nothing was changed" in screen.text
    assert before == (project.files(), account.listing())


def test_yes(project: Project, account: Account) -> None:
    """The answer "y" lets `down` go on to its end."""
    project.succeed("up")
    with terminal(project, "down") as (screen, process):
        screen.wait_for(QUESTION)
        screen.type("y\n")
    assert process.returncode == 0
    assert "Done: 13 changes." in screen.text
    assert account.listing() == {}


def test_interrupted_question(project: Project, account: Account) -> None:
    """Ctrl-C at the question is 130, and changes nothing."""
    project.succeed("up")
    before = project.files(), account.listing()
    with terminal(project, "down") as (screen, process):
        screen.wait_for(QUESTION)
        process.send_signal(2)
    assert process.returncode == 130
    assert "Traceback" not in screen.text
    assert before == (project.files(), account.listing())


def test_dropped_data(project: Project, account: Account) -> None:
    """`up` asks before it deletes a bucket that the config dropped, and names it; "n" changes nothing."""
    project.succeed("up")
    text = (project.root / "config/task.toml").read_text(encoding="utf-8")
    project.configure(text[: text.index("[tasks.ingest.buckets")])
    before = project.files(), account.listing()
    with terminal(project, "up") as (screen, process):
        screen.wait_for(QUESTION)
        screen.type("n\n")
    assert process.returncode == 1
    assert "This deletes bucket.ingest.uploads" in screen.text
    assert before == (project.files(), account.listing())
