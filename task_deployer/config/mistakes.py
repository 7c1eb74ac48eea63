"""Tells the user what the models found: from pydantic's errors to mistakes in plain words, each with its line."""

import re
from datetime import date, datetime, time
from types import UnionType
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from task_deployer.config.model import ConfigFile
from task_deployer.config.table import nearest, quoted
from task_deployer.config.tree import Node
from task_deployer.errors import Mistake

Location = tuple[str | int, ...]

_WANTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "an array",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
}
_FOUND = {
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a fraction",
    list: "an array",
    dict: "a table",
    datetime: "a date",
    date: "a date",
    time: "a time",
}
_PROBLEMS = {
    "mistake": "{problem}",
    "missing": "is missing",
    "extra_forbidden": "is no key of this table",
    "literal_error": "{value} is not one of its values",
    "string_pattern_mismatch": "{value} does not have the right form",
    "greater_than_equal": "{value} is too small: the least is {ge}",
    "less_than_equal": "{value} is too large: the most is {le}",
    "too_short": "is empty",
    "too_long": "has {actual_length} entries: the most is {max_length}",
    "string_too_long": "is too long: the most is {max_length} characters",
}
_OF_OTHERS = "default_factory_not_called"  # pydantic adds it to a table whose mistakes it has told already


def mistakes_of(error: ValidationError, tree: Node) -> tuple[Mistake, ...]:
    """Tell all mistakes that a validation found, in the order of the files' lines."""
    details = error.errors(include_url=False)
    return tuple(sorted(_mistake(detail, tree) for detail in details if detail["type"] != _OF_OTHERS))


def _mistake(detail: ErrorDetails, tree: Node) -> Mistake:
    location = detail["loc"][:-1] if detail["loc"][-1] == "[key]" else detail["loc"]
    table, description = _described(location)
    problem = _problem(detail)
    advice = _advice(detail, table, description)
    file, line = tree.locate(location)
    return Mistake(file, line, key_path(location), problem, advice)


def key_path(location: Location) -> str:
    """Write a key's path as in TOML, with the places in arrays in brackets: `tasks.ingest.command_topics[0]`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part if re.fullmatch('[A-Za-z0-9_-]+', part) else quoted(part)}"
    return path.removeprefix(".")


def _described(location: Location) -> tuple[type[BaseModel], str]:
    """Follow a location through the models: the table that the last part is a key of, and the last description."""
    table: type[BaseModel] = ConfigFile
    here: object = ConfigFile
    description = ""
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            table = here
            field = table.model_fields.get(str(part))
            if field is None:
                break
            here, description = field.annotation, field.description or ""
        else:
            here = _inner(here)
    return table, description


def _inner(annotation: object) -> object:
    """Tell what a mapping holds for each key, and a tuple for each place."""
    arguments = [one for one in get_args(annotation) if one not in {type(None), Ellipsis}]
    if get_origin(annotation) is UnionType:
        return _inner(arguments[0])
    return arguments[-1] if arguments else None


def _problem(detail: ErrorDetails) -> str:
    value, kind = detail["input"], detail["type"]
    if kind in _WANTED:
        return f"is {_FOUND[type(value)]}, but must be {_WANTED[kind]}"
    return _PROBLEMS[kind].format(value=quoted(value), **detail.get("ctx", {}))


def _advice(detail: ErrorDetails, table: type[BaseModel], description: str) -> str:
    match detail["type"]:
        case "mistake":
            return detail["ctx"]["advice"] or description
        case "extra_forbidden":
            return nearest(str(detail["loc"][-1]), table.model_fields)
        case "literal_error":
            choices: list[str] = re.findall("'([^']*)'", detail["ctx"]["expected"])
            return nearest(str(detail["input"]), choices)
        case _:
            return description
