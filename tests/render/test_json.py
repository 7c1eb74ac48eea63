import json

import pytest

from task_deployer.errors import ManifestError
from task_deployer.render.json import dumps, error_document, result_document
from tests.render.golden import golden
from tests.render.samples import RESULTS


@pytest.mark.parametrize("name", ["up-failed", "status", "down-nothing"])
def test_result(name: str) -> None:
    """The document of a result has the keys of the contract in their order, and every value."""
    assert golden(f"{name}.json") == dumps(result_document(RESULTS[name])) + "\n"


@pytest.mark.parametrize("name", RESULTS)
def test_one_shape(name: str) -> None:
    """Every command's document has the same keys; a state is there for `status` alone, on top and in each change."""
    document = json.loads(dumps(result_document(RESULTS[name])))
    keys = {"schema", "command", "stack", "env", "account", "region", "changes", "outcome", "outputs", "warnings"}
    is_status = document["command"] == "status"
    assert set(document) == keys | {"api_calls"} | ({"state"} if is_status else set())
    assert set(document["outcome"]) == {"done", "failed", "skipped"}
    assert {"tasks", "command_topics"} == set(document["outputs"])
    assert all(("state" in change) is is_status for change in document["changes"])


def test_error() -> None:
    """An error that stopped the command is a document of its own, with its exit code."""
    error = ManifestError("It is locked", detail="by process 7", hint="Wait.")
    assert json.loads(dumps(error_document(error))) == {
        "schema": 1,
        "error": {"code": 4, "summary": "It is locked", "detail": "by process 7", "hint": "Wait."},
    }
