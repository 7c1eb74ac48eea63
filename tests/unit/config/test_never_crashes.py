import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from task_deployer.config import load
from task_deployer.config.mistakes import key_path
from task_deployer.errors import ConfigError, Mistake
from tests.unit.config.project import HANDLER
from tests.unit.config.test_load import EVERYTHING

LINES = EVERYTHING.splitlines()
SCRAPS = [
    *("[tasks]", "[[tasks]]", "[stack]", "tasks = 3", "[tasks.ingest.buckets]", "[command_topics]", "[[stack.tags]]"),
    *("= 3", '"""', "'''", "}", "\\", "\x00", "name", "[a.b.c", '"" = ""', "a = {}", "a = [[], {}]", "a = nan"),
]
VALUES = st.one_of(
    st.sampled_from(
        ["true", "0", "-1", "1e400", "nan", "2026-11-23", "07:32:00", "[]", "{}", "[{}]", "[[]]", '""', "0xffff"]
    ),
    st.text(max_size=8).map(lambda text: f'"{text}"'),
    st.sampled_from([line.partition(" = ")[2] for line in LINES if " = " in line]),
)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Draw a configuration with lines dropped, moved and replaced, and values exchanged."""
    lines = draw(st.permutations(LINES)) if draw(st.booleans()) else list(LINES)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "scrap", "value", "cut", "noise"])):
            case "drop":
                lines[at] = ""
            case "scrap":
                lines[at] = draw(st.sampled_from(SCRAPS))
            case "value":
                lines[at] = f"{lines[at].partition(' = ')[0]} = {draw(VALUES)}"
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, 40))]
            case _:
                lines[at] = draw(st.text(max_size=10))
    return "\n".join(lines)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Make a project that all examples share, with a handler."""
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "config").mkdir()
        (Path(root) / "lambda_src").mkdir()
        (Path(root) / "lambda_src" / "handler.py").write_text(HANDLER)
        (Path(root) / "lambda_src" / "needs.txt").touch()
        yield Path(root) / "config"


def mistakes_in(folder: Path) -> tuple[Mistake, ...]:
    """Load a configuration, and return its mistakes, if it has any."""
    try:
        load(folder, "dev")
    except ConfigError as error:
        return error.mistakes
    return ()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(base=spoilt(), overlay=st.one_of(st.none(), spoilt()))
def test_whatever_the_files_hold(folder: Path, base: str, overlay: str | None) -> None:
    """Any files whatever give a configuration or mistakes, each with a place within its file, never another error."""
    files = {"task.toml": base} | ({} if overlay is None else {"dev.toml": overlay})
    (folder / "dev.toml").unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    for mistake in mistakes_in(folder):
        assert 1 <= mistake.line <= files[Path(mistake.file).name].count("\n") + 1
        assert mistake.problem


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("tasks", "ingest", "cors", 0, "max"), "tasks.ingest.cors[0].max"),
        (("tasks", "a b", ""), 'tasks."a b".""'),
        ((), ""),
    ],
)
def test_key_paths(location: tuple[str | int, ...], expected: str) -> None:
    """A key's path is written as in TOML, quoted where it must be, with places in arrays in brackets."""
    assert key_path(location) == expected
