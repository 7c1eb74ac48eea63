"""The JSON Schema of the configuration, for editors: generated from the models, shipped as `config.schema.json`."""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, WithDefaultSchema

from task_deployer.config.model import ConfigFile


class _TomlSchema(GenerateJsonSchema):
    """TOML has no null: a key that may be left out has its type alone, and no default where leaving it out is one."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        generated = super().default_schema(schema)
        return {name: value for name, value in generated.items() if (name, value) != ("default", None)}

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - the base's signature
        return False  # a key's name is all its title


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of `task.toml`.

    What only the loader can see, such as files on the disk, is not in it.
    """
    generated = ConfigFile.model_json_schema(schema_generator=_TomlSchema)
    return {"$schema": _TomlSchema.schema_dialect, "$id": "urn:task-deploy:config", **generated}
