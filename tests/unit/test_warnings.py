from pathlib import Path

import pytest

from task_deployer.errors import SafetyError
from task_deployer.resources.base import Address
from task_deployer.warnings import overwritten, refuse, warnings_of
from tests.builders import TASK, bucket_table, config_of


def addresses(root: Path, tables: str, only: str | None = None) -> list[str]:
    """What is warned about."""
    return [warning.address for warning in warnings_of(config_of(root, tables), only)]


@pytest.mark.parametrize("mode", ["Write", "ReadWrite"])
def test_a_task_that_may_run_itself(tmp_path: Path, mode: str) -> None:
    """A task that may write where its own created-events listen is warned about, with what silences it."""
    (warning,) = warnings_of(config_of(tmp_path, bucket_table("", mode=mode)))
    assert (warning.code, warning.address) == ("recursion", "bucket.ingest.uploads")
    assert f"({mode})" in warning.message
    assert "allow_recursion = true" in warning.message


@pytest.mark.parametrize(
    "extra",
    [
        'prefix = "in/"',
        'suffix = ".csv"',
        "allow_recursion = true",
        'events = ["ObjectRemoved"]',
        'events = ["LifecycleExpiration"]',
        "events = []",
    ],
)
def test_what_silences_the_warning(tmp_path: Path, extra: str) -> None:
    """A filter, the word of the author, or no created-events: then there is nothing to warn about."""
    assert addresses(tmp_path, bucket_table(extra)) == []


def test_a_reader_cannot_run_itself(tmp_path: Path) -> None:
    """A task that only reads its bucket is not warned about."""
    assert addresses(tmp_path, bucket_table("", mode="Read")) == []


def test_one_event_of_creation_is_enough(tmp_path: Path) -> None:
    """One subtype of ObjectCreated among others is enough to run in circles."""
    assert addresses(tmp_path, bucket_table('events = ["ObjectRemoved", "ObjectCreated:Copy"]')) != []


def test_written_through_one_table_and_listened_to_through_another(tmp_path: Path) -> None:
    """One bucket in two tables of a task is one bucket: the circle is found, at the table that listens."""
    tables = f"[tasks.ingest]\n{TASK}" + "".join(
        f'[tasks.ingest.buckets.{key}]\nmode = "{mode}"\nname = "one-bucket"\nexisting = true\n{extra}'
        for key, mode, extra in (("in", "Read", ""), ("out", "Write", "events = []\n"))
    )
    assert addresses(tmp_path, tables) == ["bucket.ingest.in"]


def test_only_the_task_at_hand_is_warned_about(tmp_path: Path) -> None:
    """With one task chosen the others' warnings are not told."""
    tables = bucket_table("", "one") + bucket_table("", "two")
    assert addresses(tmp_path, tables) == ["bucket.one.uploads", "bucket.two.uploads"]
    assert addresses(tmp_path, tables, "two") == ["bucket.two.uploads"]


def test_strict_refuses(tmp_path: Path) -> None:
    """--strict turns warnings into a refusal that tells each of them; without any it lets pass."""
    with pytest.raises(SafetyError, match="2 warnings") as caught:
        refuse(warnings_of(config_of(tmp_path, bucket_table("", "one") + bucket_table("", "two"))))
    assert [line.split(":")[0] for line in caught.value.detail.splitlines()] == [
        "bucket.one.uploads",
        "bucket.two.uploads",
    ]
    refuse(())


@pytest.mark.parametrize(("paths", "words"), [(("A", "B"), "differs from what this run wrote (A, B)"), ((), "is gone")])
def test_what_was_written_over_says_how_it_is_now(paths: tuple[str, ...], words: str) -> None:
    """What somebody else wrote over is told with what differs, or as gone."""
    assert words in overwritten(Address("cors.ingest.uploads"), paths).message
