"""What all tables of the configuration share: their strictness, kinds of keys, and how a rule words a mistake."""

import json
from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationInfo
from pydantic_core import PydanticCustomError

Item = TypeVar("Item")
Entries = TypeVar("Entries", bound=Sized)

SHOWN_LENGTH = 80  # of a value in a message: what fits on a line beside the rest
LARGEST = 2**31 - 1  # of AWS's integers that have no limit of their own


@dataclass(frozen=True)
class Surroundings:
    """What the rules of one key need to know of the rest, other tables' values as they were read."""

    env: str
    root: Path
    topics: frozenset[str] | None  # None where that table is itself a mistake
    region: str | None  # None also where it is a mistake


class Table(BaseModel):
    """A table of the configuration: frozen, no key but the known ones, and no value taken for another type's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def surroundings(info: ValidationInfo) -> Surroundings | None:
    """Tell what is around the value that is validated; None where only its form is looked at."""
    around: Surroundings | None = info.context
    return around


def wrong(problem: str, advice: str = "") -> PydanticCustomError:
    """Make the error that a rule raises: what is wrong, and what would be right."""
    return PydanticCustomError("mistake", "{problem}", {"problem": problem, "advice": advice})


def quoted(value: object) -> str:
    """Write a value as TOML does, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 4]}..."


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word that is most like the given one; where none is, all that are known."""
    every = tuple(known)
    close = alike(word, every, most=1)
    if close:
        return f"Did you mean {close[0]}?"
    listed = ", ".join(every)
    return f"Known: {listed}." if listed else ""


def alike(word: str, known: Iterable[str], *, most: int) -> list[str]:
    """The known words that are like the given one, the nearest first; capitals do not count."""
    by_small_letters = {one.lower(): one for one in known}
    return [by_small_letters[one] for one in get_close_matches(word.lower(), by_small_letters, n=most)]


def distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Refuse a list that says something twice."""
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice:
        raise wrong(f"has {quoted(twice[0])} more than once", "Name each one once.")
    return items


def not_empty(items: Entries) -> Entries:
    """Refuse a list or table without anything in it."""
    if not items:
        raise wrong("is empty")
    return items


A_NAME = "small letters, digits and hyphens, a letter first"
REGION = "^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}$"
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
# TOML's arrays are lists, and strictness would take tuples alone. What is in them is as strict as everything.
Array = Annotated[tuple[Item, ...], Strict(strict=False)]
Several = Annotated[Array[Item], AfterValidator(distinct), Field(json_schema_extra={"uniqueItems": True})]
Some = Annotated[
    Several[Item], AfterValidator(not_empty), Field(json_schema_extra={"uniqueItems": True, "minItems": 1})
]
