import dataclasses
import inspect
from pathlib import Path

import pytest

from task_deployer import errors
from task_deployer.resources import KINDS
from task_deployer.resources.base import AnyResource
from tests.architecture.imports import PACKAGE, ROOT, RUNTIME

LONGEST = 250
SOURCES = [*sorted(PACKAGE.rglob("*.py")), *sorted(RUNTIME.rglob("*.py"))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    """No file of the product has 250 lines or more."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_is_frozen_data(kind: type[AnyResource]) -> None:
    """Every kind is a frozen dataclass with all verbs, so a wish can be compared, and never changes."""
    assert dataclasses.is_dataclass(kind)
    assert vars(kind).get("__dataclass_params__").frozen
    assert not inspect.isabstract(kind)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_kind_is_known_by_its_name(name: str, kind: type[AnyResource]) -> None:
    """The registry knows each kind by the word that stands in addresses and manifests, in small letters."""
    assert kind.kind == name
    assert name.replace("_", "").isalpha()
    assert name == name.lower()


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_what_a_kind_goes_with_is_a_kind(kind: type[AnyResource]) -> None:
    """The kind that takes another one along is a known one."""
    assert kind.goes_with is None or kind.goes_with in KINDS


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_says_what_it_needs(kind: type[AnyResource]) -> None:
    """Every kind names the rights to read, write and delete it, as IAM writes actions."""
    actions = [*kind.rights.read, *kind.rights.write, *kind.rights.delete]
    assert all(action.partition(":")[2] for action in actions)
    assert kind.rights.read
    assert kind.rights.delete


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TaskDeployError, 1),
        (errors.ResourceError, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.CredentialsError, 3),
        (errors.ManifestError, 4),
        (errors.SafetyError, 5),
        (errors.Interrupted, 130),
    ],
)
def test_exit_codes_are_those_of_the_contract(error: type[errors.TaskDeployError], code: int) -> None:
    """Each error class carries its exit code, and scripts rely on it."""
    assert error.exit_code == code
