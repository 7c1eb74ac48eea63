import os
import sys

import pytest

from tests.unit.config.project import HANDLER, Project, valid

SOURCE = "Name a folder relative to the one that holds the config folder."
INSIDE = "Name a file in the source folder, such as requirements.txt."
FORM = 'is not module:function\n    For example "handler:handle_event".'
MAKE = "Make the folder, or name one relative to the folder that holds the config folder."


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("lambda", f'"lambda" does not exist in the project\n    {MAKE}'),
        ("config/task.toml", f"is a file, not a folder\n    {MAKE}"),
        ("/", f'"/" is an absolute path\n    {SOURCE}'),
        ("../lambda_src", f'"../lambda_src" lies outside the project\n    {SOURCE}'),
        ("lambda_src/../..", f'"lambda_src/../.." lies outside the project\n    {SOURCE}'),
    ],
)
def test_source(project: Project, source: str, told: str) -> None:
    """The source is a folder in the project; what hangs on it is not complained about besides."""
    base = valid().replace('"lambda_src"', f'"{source}"')
    assert project.told(base) == [f"tasks.ingest.source: {told}"]


@pytest.mark.parametrize("source", ["s" * 300, "lambda_src\\u0000"])
def test_source_that_no_disk_can_have(project: Project, source: str) -> None:
    """A name that the operating system refuses to look up is a mistake like any other."""
    (told,) = project.told(valid().replace('"lambda_src"', f'"{source}"'))
    assert told.startswith("tasks.ingest.source: ")


def test_source_is_relative_to_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is found from whatever working directory."""
    monkeypatch.chdir(project.root / "config")
    assert project.load().tasks["ingest"].source == "lambda_src"


@pytest.mark.parametrize(
    ("callback", "told"),
    [
        ("handler", f'"handler" {FORM}'),
        ("handler:handle event", f'"handler:handle event" {FORM}'),
        ("../handler:handle_event", f'"../handler:handle_event" {FORM}'),
        ("handlr:handle_event", 'there is no module "handlr" in lambda_src\n    Did you mean handler?'),
        (
            "handler:handle_events",
            'the module handler.py has no "handle_events" at its top level\n    Did you mean handle_event?',
        ),
    ],
)
def test_callback(project: Project, callback: str, told: str) -> None:
    """The callback is a module in the source folder, and a name at its top level."""
    base = valid().replace('"handler:handle_event"', f'"{callback}"')
    assert project.told(base) == [f"tasks.ingest.callback: {told}"]


@pytest.mark.parametrize(
    "code",
    [
        HANDLER,
        "def handle_event(event_name, key): ...",
        "class handle_event: ...",
        "from elsewhere import handle_event",
        "from elsewhere import handle as handle_event",
        "from elsewhere import *",
        "import handle_event",
        "handle_event = make()",
        "first, (handle_event, *rest) = make()",
        "handle_event: object = make()",
        "if True:\n    pass\nelse:\n    handle_event = make()",
        "try:\n    from fast import handle_event\nexcept ImportError:\n    handle_event = slow",
        "try:\n    pass\nexcept ImportError:\n    handle_event = slow",
        "with make() as made:\n    handle_event = made",
        "pattern = '\\d'\n" + HANDLER,
    ],
)
def test_what_makes_a_callback(project: Project, code: str) -> None:
    """Whatever binds the name when the module is imported will do; the module is not imported to see it."""
    (project.root / "lambda_src" / "handler.py").write_text(f"{code}\nraise SystemExit\n")
    assert project.load().tasks["ingest"].callback == "handler:handle_event"


@pytest.mark.parametrize(
    "code", ["", "def other():\n    def handle_event(): ...", "class Other:\n    def handle_event(self): ..."]
)
def test_what_makes_no_callback(project: Project, code: str) -> None:
    """A name within a function or a class is not the module's own."""
    (project.root / "lambda_src" / "handler.py").write_text(code)
    (mistake,) = project.mistakes()
    assert mistake.problem == 'the module handler.py has no "handle_event" at its top level'


@pytest.mark.parametrize("file", ["jobs/files.py", "jobs/files/__init__.py"])
def test_callback_in_a_package(project: Project, file: str) -> None:
    """A dotted module is a path in the source folder, with or without __init__.py beside it."""
    path = project.root / "lambda_src" / file
    path.parent.mkdir(parents=True)
    path.write_text(HANDLER)
    project.write(valid().replace('"handler:handle_event"', '"jobs.files:handle_event"'))
    assert project.load().tasks["ingest"].callback == "jobs.files:handle_event"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (b"x = 1\ndef handle_event(:\n", "the module handler.py is not valid Python: line 2: "),
        (b"x = '\0'\n", "the module handler.py "),
        (b"\xff\xfe\xff", "the module handler.py is not valid Python: "),
        (b"x = " + b"-" * 100_000 + b"1", "the module handler.py "),
    ],
)
def test_module_that_does_not_parse(project: Project, code: bytes, told: str) -> None:
    """A module that Python cannot read is a mistake of the configuration that names it."""
    (project.root / "lambda_src" / "handler.py").write_bytes(code)
    project.write(valid(task='runtime = "python3.11"'))
    (mistake,) = project.mistakes()
    assert mistake.problem.startswith(told)
    assert mistake.advice == 'The function to call, as "module:function", in the source folder.'


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="no runtime is newer than this Python")
def test_module_for_a_newer_python(project: Project) -> None:
    """Where Lambda's Python is newer than the tool's, a syntax that the tool does not know is no mistake."""
    (project.root / "lambda_src" / "handler.py").write_text(f"new = t'{{1}}'\n{HANDLER}")
    project.write(valid(task='runtime = "python3.14"'))
    assert project.load().tasks["ingest"].runtime == "python3.14"


@pytest.mark.parametrize(
    ("requirements", "told"),
    [
        ("needs.txt", '"needs.txt" is no file in lambda_src\n    Make the file, or leave the key out.'),
        ("", '"" is no file in lambda_src\n    Make the file, or leave the key out.'),
        (f"{'n' * 300}", f'"{"n" * 75}... is no file in lambda_src\n    Make the file, or leave the key out.'),
        (
            "../needs.txt",
            f'"../needs.txt" lies outside the source folder\n    {INSIDE}',
        ),
    ],
)
def test_requirements(project: Project, requirements: str, told: str) -> None:
    """Requirements that are named are a file in the source folder."""
    base = valid(task=f'requirements = "{requirements}"')
    assert project.told(base) == [f"tasks.ingest.requirements: {told}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_module_that_is_closed(project: Project) -> None:
    """A module that may not be read is told as such, and not as missing."""
    closed = project.root / "lambda_src" / "handler.py"
    closed.chmod(0)
    (mistake,) = project.mistakes()
    assert mistake.problem == "the module handler.py cannot be read: Permission denied"
