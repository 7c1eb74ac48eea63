import json
import tomllib
from importlib.resources import files

import jsonschema  # type: ignore[import-untyped]  # there are no stubs for it
import pytest

from task_deployer.config import json_schema
from tests.unit.config.project import valid


def test_shipped_schema() -> None:
    """The schema in the package is the one that the models generate; `task-deploy schema` prints it anew."""
    shipped = (files("task_deployer") / "config.schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == json_schema()


def test_schema_is_valid() -> None:
    """The schema itself keeps to draft 2020-12."""
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_valid_configuration() -> None:
    """A valid configuration is valid to an editor too."""
    jsonschema.Draft202012Validator(json_schema()).validate(tomllib.loads(valid()))


@pytest.mark.parametrize(
    "keys",
    ["memory = 1", "memory_mb = 64", 'memory_mb = "512"', "log_retention_days = 31", 'runtime = "python2.7"'],
)
def test_mistakes_that_an_editor_shows(keys: str) -> None:
    """Unknown keys, wrong types and wrong values are seen with the schema alone."""
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(tomllib.loads(valid(task=keys)))


def test_every_key_is_explained() -> None:
    """Each key of each table has a description, for the editor to show."""
    schema = json.loads(json.dumps(json_schema()))
    tables = {"": schema, **schema["$defs"]}
    keys = [(f"{name}.{key}", of) for name, table in tables.items() for key, of in table["properties"].items()]
    assert [name for name, of in keys if "description" not in of] == []
