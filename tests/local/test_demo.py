"""The demo as a newcomer runs it, and the README's transcript of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
COMMAND = [str(Path(sys.executable).with_name("task-deploy")), "demo", "--no-color"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path, Path]:
    """One run of the demo, the folder it was run in, and the home that it was given."""
    folder, home = tmp_path_factory.mktemp("somewhere"), tmp_path_factory.mktemp("home")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp"), "LANG": "C.UTF-8"}
    (home / "tmp").mkdir()
    ended = subprocess.run(
        COMMAND, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    return ended, folder, home


def shape(transcript: str) -> list[str]:
    """The lines without what differs from run to run: numbers, ids, and the order of what runs side by side."""
    masked = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", re.sub(r"REPORT .*", "REPORT", transcript))
    return sorted(re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?", "N", line)).strip() for line in masked.splitlines())


def test_a_file_becomes_commands(demo: tuple[subprocess.CompletedProcess[str], Path, Path]) -> None:
    """The demo exits 0, and each row of the file with the awkward name has become a command in the file's order."""
    ended, _, _ = demo
    assert ended.returncode == 0, ended.stderr
    found = re.findall(r'"source": "(.*?)", "number": (\d)', ended.stdout)
    assert [("in/Öffnungszeiten & prices + 100% (new).csv", str(number)) for number in (1, 2, 3)] == found
    assert '{"type": "RemoveImport"' in ended.stdout


def test_nothing_is_left(demo: tuple[subprocess.CompletedProcess[str], Path, Path]) -> None:
    """After the demo there is no file of its in the working directory, the home or the temporary folder."""
    _, folder, home = demo
    assert [] == [str(path) for place in (folder, home) for path in place.rglob("*") if path.is_file()]


def test_the_readme_shows_what_it_prints(demo: tuple[subprocess.CompletedProcess[str], Path, Path]) -> None:
    """The README's transcript is what the demo prints, but for numbers and the order of what runs side by side."""
    ended, _, _ = demo
    shown = re.search(r"<!-- demo:begin -->.*?```text\n(.*?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None, "run `make readme`"
    assert shape(shown[1]) == shape(ended.stdout.strip()), "run `make readme`"
