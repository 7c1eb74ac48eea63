"""What the configuration says about the user's own files: looked up on the disk, and parsed, but never imported."""

import ast
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePath

from task_deployer.config.table import nearest, quoted, wrong


def check_source(root: Path, source: str) -> None:
    """Refuse a source folder that is not there, is no folder, or lies outside the project."""
    _refuse_outside(source, "the project", "Name a folder relative to the one that holds the config folder.")
    folder = root / source
    try:
        if folder.is_dir():
            return
        found = "is a file, not a folder" if folder.exists() else f"{quoted(source)} does not exist in the project"
    except (OSError, ValueError) as error:  # too long a name, a folder closed to us, a NUL in it
        found = f"{quoted(source)} cannot be read: {error}"
    raise wrong(found, "Make the folder, or name one relative to the folder that holds the config folder.")


def check_requirements(folder: Path, requirements: str) -> None:
    """Refuse a requirements file that is not in the source folder."""
    _refuse_outside(requirements, "the source folder", "Name a file in the source folder, such as requirements.txt.")
    try:
        found = (folder / requirements).is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise wrong(f"{quoted(requirements)} is no file in {folder.name}", "Make the file, or leave the key out.")


def check_callback_form(callback: str) -> None:
    """Refuse what is not `module:function`, both in Python's spelling."""
    module, _, function = callback.partition(":")
    if not (function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise wrong(f"{quoted(callback)} is not module:function", 'For example "handler:handle_event".')


def check_callback(folder: Path, callback: str, runtime: str) -> None:
    """Refuse a callback whose module is not in the source folder, or does not define or import the function.

    The module is parsed, not imported. Where it may be written in a newer Python than the one that runs the tool, a
    syntax error proves nothing, and the function is not looked for.
    """
    module, _, function = callback.partition(":")
    file = _module_file(folder, module)
    try:
        with warnings.catch_warnings(action="ignore"):  # about the user's code, which is not ours to judge here
            tree = ast.parse(file.read_bytes())
    except OSError as error:
        raise wrong(f"the module {file.name} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        if runtime > f"python3.{sys.version_info.minor}":
            return
        raise wrong(f"the module {file.name} is not valid Python: line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL, or code nested too deeply
        raise wrong(f"the module {file.name} cannot be parsed: {error}") from error
    names = set(_top_level_names(tree.body))
    if function not in names and "*" not in names:
        public = sorted(name for name in names if not name.startswith("_"))
        raise wrong(f"the module {file.name} has no {quoted(function)} at its top level", nearest(function, public))


def _refuse_outside(path: str, of: str, advice: str) -> None:
    if PurePath(path).is_absolute():
        raise wrong(f"{quoted(path)} is an absolute path", advice)
    if PurePath(os.path.normpath(path)).parts[:1] == ("..",):
        raise wrong(f"{quoted(path)} lies outside {of}", advice)


def _module_file(folder: Path, module: str) -> Path:
    path = folder.joinpath(*module.split("."))
    try:
        for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
            if file.is_file():
                return file
    except OSError as error:
        raise wrong(f"the module {quoted(module)} cannot be looked up: {error.strerror}") from error
    known = sorted(file.stem for file in folder.glob("*.py"))
    raise wrong(f"there is no module {quoted(module)} in {folder.name}", nearest(module, known))


def _top_level_names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what a module binds when it is imported: definitions, imports, assignments, also those under an `if`."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in statement.names)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                yield from _assigned_names(statement)
            case ast.If() | ast.Try() | ast.TryStar() | ast.With() | ast.For() | ast.While():
                yield from _top_level_names(_blocks(statement))
            case _:  # nothing else binds a name that could be called
                pass


def _assigned_names(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _blocks(statement: ast.stmt) -> list[ast.stmt]:
    handlers = [inner for handler in getattr(statement, "handlers", []) for inner in handler.body]
    return [*(inner for name in ("body", "orelse", "finalbody") for inner in getattr(statement, name, [])), *handlers]
