"""Who imports what, read from the sources: at the top of a module, and anywhere in it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE, RUNTIME = ROOT / "task_deployer", ROOT / "lambda_src" / "task_runtime"


@dataclass(frozen=True)
class Import:
    """One import: the full name of the module, or of what is taken from it. `lazy` ones stand within a function."""

    name: str
    lazy: bool


def modules(folder: Path = PACKAGE) -> dict[str, Path]:
    """The modules of a package by their names with dots."""
    return {_name(path, folder.parent): path for path in sorted(folder.rglob("*.py"))}


def imports(path: Path) -> set[Import]:
    """What a module imports when it runs; what is imported for the type checker alone is left out."""
    return set(_found(ast.parse(path.read_text(encoding="utf-8")), lazy=False))


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _found(node: ast.AST, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(f"{child.module}.{alias.name}", lazy) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _found(child, lazy=lazy or inside)
