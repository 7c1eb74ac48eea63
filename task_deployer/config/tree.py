"""Reads the base and the overlay into one tree, of which every part remembers the file and line it came from."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from task_deployer.config.lines import KeyPath, key_lines
from task_deployer.errors import ConfigError, Mistake

_AT_LINE_AND_COLUMN = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$"
)

_SYNTAX_ADVICE = {
    "Invalid value": 'Text stands in double quotes, as in name = "media"; true and false are in small letters.',
    "Invalid statement": "A line is a [table], key = value, or a # comment.",
    "Cannot overwrite": "A key is given once; remove one of the two.",
    "Cannot declare": "A table has one header; put its keys together under it.",
    "Illegal character '\\n'": "Close the text with the quotes that opened it.",
    "Unterminated string": "Close the text with the quotes that opened it.",
    "Unclosed array": "Separate the items by commas and close the array with ].",
}


@dataclass(frozen=True)
class Node:
    """A value of the configuration, with the place it came from."""

    file: str
    line: int
    value: object  # a Mapping[str, Node], a Sequence[Node], or a scalar of TOML

    def locate(self, path: KeyPath) -> tuple[str, int]:
        """Find the file and line of a key, or of its nearest ancestor that is there."""
        node = self
        for part in path:
            child = node.child(part)
            if child is None:
                break
            node = child
        return node.file, node.line

    def child(self, part: str | int) -> "Node | None":
        """Find the value of one key of a table, or one item of an array."""
        if isinstance(self.value, dict):
            return self.value.get(part)
        if isinstance(self.value, list) and isinstance(part, int) and 0 <= part < len(self.value):
            item: Node = self.value[part]
            return item
        return None

    def plain(self) -> object:
        """Return the value alone, as `tomllib` would."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


def lay_over(below: Node, above: Node) -> Node:
    """Merge two values: tables key by key, the place staying with the lower one; anything else is replaced."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    merged = dict(below.value)
    for key, child in above.value.items():
        merged[key] = lay_over(merged[key], child) if key in merged else child
    return Node(below.file, below.line, merged)


def read_tree(files: Sequence[Path]) -> Node:
    """Read TOML files and lay each over the ones before it. Raises ConfigError with the mistakes of all of them."""
    trees: list[Node] = []
    mistakes: list[Mistake] = []
    for file in files:
        read = _read(file)
        if isinstance(read, Mistake):
            mistakes.append(read)
        else:
            trees.append(read)
    if mistakes:
        raise ConfigError(summary_of(mistakes), mistakes=tuple(mistakes))
    tree, *overlays = trees
    for overlay in overlays:
        tree = lay_over(tree, overlay)
    return tree


def summary_of(mistakes: Sequence[Mistake]) -> str:
    """Say how many mistakes there are."""
    return (
        "The configuration has a mistake" if len(mistakes) == 1 else f"The configuration has {len(mistakes)} mistakes"
    )


def shown(file: Path) -> str:
    """Write a path as one would type it: relative to the working directory, where it lies within."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _read(file: Path) -> Node | Mistake:
    name = shown(file)
    try:
        text = file.read_bytes().decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except OSError as error:
        return Mistake(name, 1, "file", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return Mistake(name, line, f"column {column}", "is not UTF-8", "Save the file in UTF-8, as TOML wants it.")
    try:
        return _tree(name, tomllib.loads(text), key_lines(text))
    except tomllib.TOMLDecodeError as error:
        return _syntax_mistake(name, text, str(error))
    except (ValueError, RecursionError) as error:  # numbers of over 4300 digits; tables in tables without end
        return Mistake(name, 1, "file", f"is beyond what can be read: {error}")


def _tree(file: str, value: object, lines: Mapping[KeyPath, int], path: KeyPath = ()) -> Node:
    if isinstance(value, dict):
        value = {key: _tree(file, child, lines, (*path, key)) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_tree(file, child, lines, (*path, index)) for index, child in enumerate(value)]
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"the number in line {lines[path]} takes more than TOML's 64 bits")
    return Node(file, lines[path], value)


def _syntax_mistake(file: str, text: str, message: str) -> Mistake:
    found = _AT_LINE_AND_COLUMN.match(message)
    what = found["what"] if found else message
    if found and found["line"]:
        line, column = int(found["line"]), int(found["column"])
    else:
        lines = text.rstrip().split("\n")
        line, column = len(lines), len(lines[-1]) + 1
    advice = next((advice for start, advice in _SYNTAX_ADVICE.items() if what.startswith(start)), "")
    return Mistake(file, line, f"column {column}", f"is not TOML: {what[:1].lower()}{what[1:]}", advice)
