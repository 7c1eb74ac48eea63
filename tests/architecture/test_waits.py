"""docs/waits.md says what is waited for, and where, and for how long: here it is held to the code."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_deployer import retry
from tests.architecture.imports import ROOT, modules

PAGE = ROOT / "docs" / "waits.md"
MODULES = {
    name.removeprefix("task_deployer."): path
    for name, path in modules().items()
    if not name.startswith("task_deployer.local.")
}
WAITING = {"looking", "until_visible", "Retrying", "sleep"}
PATIENT = {"retry.patiently", "retry.until_visible", "retry.looking", "demo._within_patience"}
"""The means to wait, whose callers name reason and deadline; and the demo, which tells its story as it goes on."""
LIMIT = re.compile("[A-Z_]*(SECONDS|PAUSES|OTHERS_TURN)")


def rows(columns: int) -> list[list[str]]:
    """The rows of the tables that have so many columns; a bar within a cell is escaped."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("| `")]
    return [row for row in cells if len(row) == columns]


def names(cell: str) -> list[str]:
    """The names in a cell."""
    return re.findall("`([^`]*)`", cell)


def calls(node: ast.AST) -> set[str]:
    """The names of the functions that are called within."""
    found = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    named = (one for one in found if isinstance(one, ast.Attribute | ast.Name))
    return {one.attr if isinstance(one, ast.Attribute) else one.id for one in named}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions and methods of a module, not those within them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (one for one in inner if isinstance(one, ast.FunctionDef))


def limits(path: Path) -> set[str]:
    """The constants of a module that bound a wait, by their names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stored = (one for node in tree.body if isinstance(node, ast.Assign) for one in ast.walk(node))
    return {
        one.id
        for one in stored
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and LIMIT.fullmatch(one.id)
    }


def test_each_named_wait_is_on_the_page() -> None:
    """The page lists every refusal that is waited out: its name, deadline, reason and codes, and no other."""
    waits = {name: wait for name, wait in vars(retry).items() if isinstance(wait, retry.Wait)}
    expected = {name: (f"{wait.seconds}", wait.reason, wait.code) for name, wait in waits.items()}
    found = {names(row[0])[0]: (row[1], row[2], row[3].strip("`").replace(r"\|", "|")) for row in rows(4)}
    assert expected == found


def test_each_limit_is_on_the_page() -> None:
    """The page lists every limit of a wait with its seconds; those of a list of pauses are their sum."""
    expected = {}
    for module, path in MODULES.items():
        for name in limits(path):
            value = getattr(importlib.import_module(f"task_deployer.{module}"), name)
            expected[f"{module}.{name}"] = f"{sum(value) if isinstance(value, tuple) else value:g}"
    assert expected == {names(row[0])[0]: row[1] for row in rows(6)}


def test_each_place_that_waits_is_on_the_page() -> None:
    """The page lists every function that looks again or sleeps, and no other."""
    waiting = {
        f"{module}.{one.name}" for module, path in MODULES.items() for one in functions(path) if calls(one) & WAITING
    }
    assert waiting - PATIENT == {name for row in rows(6) for name in names(row[2])}


@pytest.mark.parametrize("module", MODULES)
def test_nobody_sleeps_in_silence(module: str) -> None:
    """Whoever sleeps tells what for, in the same function."""
    for one in functions(MODULES[module]):
        if "sleep" in calls(one) and f"{module}.{one.name}" not in PATIENT:
            assert "tell" in calls(one), one.name


def test_each_wait_says_how_it_ends() -> None:
    """Every row of what is waited for in some place says that it is told, and what comes at its deadline."""
    for row in rows(6):
        if row[2] != "-":
            assert "yes" == row[4], row[0]
            assert len(row[5]) > len("-"), row[0]
