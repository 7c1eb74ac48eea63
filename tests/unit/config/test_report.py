from pathlib import Path

import pytest

from task_deployer.errors import ConfigError
from tests.unit.config.project import Project, valid

QUOTES = 'Text stands in double quotes, as in name = "media"; true and false are in small letters.'
ONE_HEADER = "A table has one header; put its keys together under it."
GOLDEN = Path(__file__).parent / "golden"


def report(project: Project) -> str:
    """Load a configuration with mistakes, and return all that is told of it."""
    with pytest.raises(ConfigError) as caught:
        project.load()
    return f"{caught.value.summary}\n{caught.value.detail}\n"


def test_many_mistakes(project: Project) -> None:
    """Every mistake of both files is told at once, in the order of the lines, each with file, line, key and advice."""
    base, overlay, expected = (GOLDEN / "report.txt").read_text(encoding="utf-8").split("----\n")
    project.write(base, dev=overlay)
    assert report(project) == expected


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (
            "[stack]\nname = media\n",
            f"2: column 8: is not TOML: invalid value\n    {QUOTES}",
        ),
        ("[stack\n", "1: column 7: is not TOML: expected ']' at the end of a table declaration"),
        (
            'name = "media\n',
            "1: column 14: is not TOML: illegal character '\\n'\n    Close the text with the quotes that opened it.",
        ),
        (
            '[stack]\nname = """media\n\n',
            "2: column 16: is not TOML: unterminated string\n    Close the text with the quotes that opened it.",
        ),
        (
            '[stack]\nname = "a"\nname = "b"\n\n[tasks]',
            "3: column 11: is not TOML: cannot overwrite a value\n    A key is given once; remove one of the two.",
        ),
        (
            "[stack]\n[tasks]\n[stack]\n",
            f"3: column 7: is not TOML: cannot declare ('stack',) twice\n    {ONE_HEADER}",
        ),
        (
            "a = [\n  1\n  2\n]",
            "3: column 3: is not TOML: unclosed array\n    Separate the items by commas and close the array with ].",
        ),
        (
            "Überschrift = 1",
            "1: column 1: is not TOML: invalid statement\n    A line is a [table], key = value, or a # comment.",
        ),
        (
            "a = 9223372036854775808",
            "1: file: is beyond what can be read: the number in line 1 takes more than TOML's 64 bits",
        ),
    ],
)
def test_syntax(project: Project, base: str, told: str) -> None:
    """A text that is no TOML is told by line and column, with the likely remedy."""
    project.write(base)
    assert report(project) == f"The configuration has a mistake\nconfig/task.toml:{told}\n"


@pytest.mark.parametrize("base", ["a = " + "[" * 5000 + "]" * 5000, "a." * 5000 + "a = 1", "a = " + "9" * 5000])
def test_beyond_all_measure(project: Project, base: str) -> None:
    """Depths and numbers that Python gives up on are a mistake in the file, and no crash."""
    project.write(base)
    (mistake,) = project.mistakes()
    assert mistake.problem.startswith("is beyond what can be read: ")


def test_syntax_of_both_files(project: Project) -> None:
    """Mistakes in the syntax of the base and the overlay are told together."""
    project.write("[stack", dev="\n= 3")
    assert [(one.file, one.line) for one in project.mistakes()] == [("config/task.toml", 1), ("config/dev.toml", 2)]


def test_text_that_is_not_utf8(project: Project) -> None:
    """A byte that UTF-8 does not know is told by line and column."""
    (project.root / "config" / "task.toml").write_bytes(b'[stack]\n# caf\xe9\nname = "x"\n')
    expected = "config/task.toml:2: column 6: is not UTF-8\n    Save the file in UTF-8, as TOML wants it."
    assert report(project) == f"The configuration has a mistake\n{expected}\n"


def test_byte_order_mark(project: Project) -> None:
    """The mark that some editors put before a text in UTF-8 is passed over."""
    (project.root / "config" / "task.toml").write_bytes(b"\xef\xbb\xbf" + valid().encode())
    assert project.load().stack.name == "media"


def test_unreadable_file(project: Project) -> None:
    """A file that cannot be read is not taken for one that is not there."""
    (project.root / "config" / "dev.toml").mkdir()
    assert [str(one) for one in project.mistakes()] == ["config/dev.toml:1: file: cannot be read: Is a directory"]


def test_path_from_elsewhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file outside the working directory is told by its whole path."""
    monkeypatch.chdir(project.root / "lambda_src")
    project.write("[")
    (mistake,) = project.mistakes()
    assert mistake.file == str(project.root / "config" / "task.toml")


def test_secrets_stay_secret(project: Project) -> None:
    """No value of an environment is ever shown, whatever is wrong with it."""
    project.write(valid(task='environment = { AWS_REGION = "hunter2", A1 = ["hunter2"], "!" = "hunter2" }'))
    assert "hunter2" not in report(project)
