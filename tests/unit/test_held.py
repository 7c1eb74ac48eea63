import pytest

from task_deployer.resources.held import Held


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("nothing", Held()),
        ("nothing", Held({"message": 0})),
        ("1 message", Held({"message": 1})),
        ("12,345 things and 1 upload", Held({"thing": 12_345, "marker": 0, "upload": 1})),
        ("2 things, 1 marker and 3 uploads", Held({"thing": 2, "marker": 1, "upload": 3})),
        ("at least 9,999 things and 1 marker", Held({"thing": 9_999, "marker": 1}, more=True)),
    ],
)
def test_in_words(words: str, held: Held) -> None:
    """What is held is told by sort, without what there is none of, and with what was not counted to its end."""
    assert words == str(held)


@pytest.mark.parametrize(("held", "full"), [(Held(), False), (Held({"a": 0}), False), (Held({"a": 0, "b": 1}), True)])
def test_full(held: Held, full: bool) -> None:  # noqa: FBT001 - what is expected
    """It is true if there is anything of any sort."""
    assert full == bool(held)
