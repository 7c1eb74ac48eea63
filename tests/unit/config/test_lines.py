import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_deployer.config.lines import KeyPath, key_lines
from tests.unit.config.project import VALID


def paths(value: object, path: KeyPath = ()) -> set[KeyPath]:
    """Collect the path of everything in a value that was read."""
    if isinstance(value, dict):
        inner = [paths(child, (*path, key)) for key, child in value.items()]
    elif isinstance(value, list):
        inner = [paths(child, (*path, index)) for index, child in enumerate(value)]
    else:
        inner = []
    return {path}.union(*inner)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\n\n# b = 2\nc = 3", {("a",): 1, ("c",): 4}),
        ("[a]\nb = 1\n\n[a.c]", {("a",): 1, ("a", "b"): 2, ("a", "c"): 4}),
        ("[a.b.c]\nd = 1\n[a]", {("a",): 3, ("a", "b"): 1, ("a", "b", "c"): 1, ("a", "b", "c", "d"): 2}),
        ("a.b = 1\na.c = 2", {("a",): 1, ("a", "b"): 1, ("a", "c"): 2}),
        ("[[a]]\nb = 1\n[[a]]\nb = 2", {("a",): 1, ("a", 0): 1, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "b"): 4}),
        (
            "[[a]]\n[a.b]\nc = 1\n[[a.d]]",
            {("a",): 1, ("a", 0): 1, ("a", 0, "b"): 2, ("a", 0, "b", "c"): 3, ("a", 0, "d"): 4, ("a", 0, "d", 0): 4},
        ),
        ("a = [\n  1, # ]\n  [ 2 ],\n]\nb = 1", {("a",): 1, ("a", 0): 2, ("a", 1): 3, ("a", 1, 0): 3, ("b",): 5}),
        (
            "a = { b = 1, c = [ { d = 2 } ] }",
            {("a",): 1, ("a", "b"): 1, ("a", "c"): 1, ("a", "c", 0): 1, ("a", "c", 0, "d"): 1},
        ),
        ('a = """\n[b]\nc = 1"""\nd = 1', {("a",): 1, ("d",): 4}),
        ("a = '''\n\\'''\nd = 1", {("a",): 1, ("d",): 3}),
        ('a = """x\\""" = "" """\nb = 1', {("a",): 1, ("b",): 2}),
        ('a = """x"""""\nb = 1', {("a",): 1, ("b",): 2}),
        ('"a b".\'c.d\' = "x # y"\n"\\u0065" = 1', {("a b",): 1, ("a b", "c.d"): 1, ("e",): 2}),
        ("a = 1979-05-27 07:32:00\r\nb = -1.5e3\r\n", {("a",): 1, ("b",): 2}),
        ("3.14 = 'pi'", {("3",): 1, ("3", "14"): 1}),
    ],
)
def test_lines(text: str, expected: dict[KeyPath, int]) -> None:
    """Every table, key and item stands where one sees it, comments and texts of several lines notwithstanding."""
    assert key_lines(text) == {(): 1, **expected}
    assert paths(tomllib.loads(text)) == {(), *expected}


KEYS = st.sampled_from(["a", "b", '"c d"', "'e'", "a.b"])
VALUES = st.recursive(
    st.sampled_from(["1", "1.5", '"x"', "'''\n'''", '"""\n\\""""', "true", "2026-11-23 10:00:00", '"# ] }"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ",\n".join(items) + " # ]\n]"),
        inner.map(lambda value: f"{{ k = {value}, l.m = 1 }}"),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(" = ".join),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[{key}]] # [x]"),
    st.sampled_from(["", "# a = 1", "\t"]),
)


@given(st.lists(STATEMENTS, max_size=10), st.sampled_from(["\n", "\r\n"]))
def test_all_that_is_read_has_a_line(statements: list[str], newline: str) -> None:
    """For any valid text the lines are of exactly the values that `tomllib` reads, and within the text."""
    text = newline.join(statements)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = key_lines(text)
    assert set(lines) == paths(value)
    assert set(lines.values()) <= set(range(1, text.count("\n") + 2))


def test_lines_of_real_configurations() -> None:
    """The line of a key is a line with that key."""
    text = VALID.format(stack="", topic="fifo = true", task="environment = { A1 = '' }", bucket="")
    rows = text.split("\n")
    named = {path: rows[line - 1] for path, line in key_lines(text).items() if path}
    assert [path for path, row in named.items() if str(path[-1]) not in row] == []
