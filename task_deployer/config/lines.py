"""Where each key of a TOML text stands: `tomllib` reads the values, but forgets their lines.

The text has been read by `tomllib` before, so it is known to be valid. That keeps this reader small: it looks for keys
and skips values, and refuses nothing.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

KeyPath = tuple[str | int, ...]  # ("tasks", "ingest", "command_topics", 0)

_TOKEN = re.compile(
    r"""
      (?P<string> \"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*' )
    | (?P<comment> \#[^\n]* )
    | (?P<word> [^\s"'\#=.,\[\]{}]+ )
    | (?P<mark> [=.,\[\]{}\n] )
    """,
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    text: str
    line: int


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Find the line of every table, key and array item of a valid TOML text, counted from 1.

    A table that several headers mention stands at its own header, if it has one, else where it is first mentioned.
    """
    reader = _Reader(text)
    reader.read_statements()
    return reader.lines


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {(): 1}
        self._lengths: dict[KeyPath, int] = {}  # of the arrays that [[headers]] have begun
        self._tokens = _tokens(text)
        self._token = next(self._tokens)

    def read_statements(self) -> None:
        table: KeyPath = ()
        while self._skip_newlines():
            if self._token.text == "[":
                table = self._read_header()
            else:
                self._read_pair(table)

    def _read_header(self) -> KeyPath:
        line = self._take().line
        repeated = self._token.text == "["
        if repeated:
            self._take()
        *parents, name = self._read_key()
        while self._token.text == "]":
            self._take()
        path = (*self._newest(parents), name)
        if repeated:
            self.lines.setdefault(path, line)
            self._lengths[path] = self._lengths.get(path, 0) + 1
        path = self._newest([name], path[:-1])
        self._note(path, line)
        return path

    def _newest(self, keys: list[str], path: KeyPath = ()) -> KeyPath:
        """Follow a header's keys as TOML does: through an array of tables by way of its newest table."""
        for key in keys:
            path = (*path, key)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _read_pair(self, table: KeyPath) -> None:
        line = self._token.line
        path = (*table, *self._read_key())
        self._take()  # the equals sign
        self._note(path, line)
        self._read_value(path)

    def _read_key(self) -> list[str]:
        keys = [_plain(self._take().text)]
        while self._token.text == ".":
            self._take()
            keys.append(_plain(self._take().text))
        return keys

    def _read_value(self, path: KeyPath) -> None:
        if self._token.text == "[":
            self._read_array(path)
        elif self._token.text == "{":
            self._read_inline_table(path)
        else:
            while self._token.text not in {"", "\n", ",", "]", "}"}:
                self._take()

    def _read_array(self, path: KeyPath) -> None:
        self._take()
        index = 0
        while self._skip_newlines() and self._token.text != "]":
            if self._token.text == ",":
                self._take()
                continue
            self._note((*path, index), self._token.line)
            self._read_value((*path, index))
            index += 1
        self._take()

    def _read_inline_table(self, path: KeyPath) -> None:
        self._take()
        while self._skip_newlines() and self._token.text != "}":
            if self._token.text == ",":
                self._take()
            else:
                self._read_pair(path)
        self._take()

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines[path] = line
        for length in range(len(path)):
            self.lines.setdefault(path[:length], line)

    def _skip_newlines(self) -> bool:
        """Go on to the next token that is no end of line, and say whether there is one."""
        while self._token.text == "\n":
            self._take()
        return bool(self._token.text)

    def _take(self) -> _Token:
        token, self._token = self._token, next(self._tokens)
        return token


def _tokens(text: str) -> Iterator[_Token]:
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match.lastgroup != "comment":
            yield _Token(match.group(), line)
    while True:  # after the end there is nothing, as often as one asks
        yield _Token("", line)


def _plain(key: str) -> str:
    """Take the quotes and escapes from a key."""
    if not key.startswith(('"', "'")):
        return key
    value: str = tomllib.loads(f"key = {key}")["key"]
    return value
