"""Former notification documents on the disk."""

import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from task_deployer.aws import Account
from task_deployer.care import Former
from task_deployer.errors import ManifestError
from task_deployer.kept_documents import MOST, Keeper, buckets_in, forget, load, paths_of

ACCOUNT = Account("123456789012", "eu-central-1")


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """One whose clock goes on by a second at each look."""
    return Keeper(tmp_path / ".task-deploy" / "media.dev.json", ACCOUNT, _clock())


def _clock() -> Callable[[], datetime]:
    seconds = itertools.count()
    return lambda: datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=next(seconds))


def former(number: int, bucket: str = "everybodys") -> Former:
    """A document that tells itself from others."""
    return Former(bucket, {"QueueConfigurations": [{"Id": f"theirs-{number}"}]}, ("media-1=arn:f",))


def test_what_was_kept_is_read_back(keeper: Keeper) -> None:
    """The document comes back as it was, with its bucket, its time, its account, and what of it was ours."""
    kept = load(Path(keeper(former(1))))
    assert (former(1), ACCOUNT) == (Former(kept.bucket, kept.document, kept.ours), kept.account)
    assert "2026-11-23T00:00:00+00:00" == kept.time


def test_the_same_is_kept_once(keeper: Keeper) -> None:
    """A document that says what the last one said is not kept again; its place is told all the same."""
    assert keeper(former(1)) == keeper(former(1))
    assert keeper(former(2)) != keeper(former(1))


def test_the_first_and_the_last_are_kept(keeper: Keeper) -> None:
    """However often it is written over: what was there before we came stays, and beside it the last ones."""
    for number in range(3 * MOST):
        keeper(former(number))
    ids = [str(load(path).document) for path in paths_of(keeper.folder, "everybodys")]
    assert [str(former(n).document) for n in (0, *range(2 * MOST + 1, 3 * MOST))] == ids


def test_undo_copies_are_told_apart_and_take_no_room(keeper: Keeper) -> None:
    """What a restoration kept says so, and however many they are, the others stay; a file without a word is of `up`."""
    first = keeper(former(0))
    for number in range(3 * MOST):
        keeper(replace(former(number), undone=True))
    paths = paths_of(keeper.folder, "everybodys")
    assert [first] == [str(path) for path in paths if not load(path).undone]
    assert 1 + MOST == len(paths)
    assert "why" not in json.loads(Path(first).read_text())
    assert first == keeper(former(0))


def test_a_bucket_whose_name_begins_like_another(keeper: Keeper) -> None:
    """A bucket's documents are its own, also where another's name begins with its name and a dot."""
    keeper(former(1, "a"))
    keeper(former(1, "a.b"))
    assert ("a", "a.b") == buckets_in(keeper.folder)
    assert ["a"] == [load(path).bucket for path in paths_of(keeper.folder, "a")]
    forget(keeper.manifest, ["a"])
    assert ("a.b",) == buckets_in(keeper.folder)
    forget(keeper.manifest, ["a.b"])
    assert not keeper.folder.exists()


def test_what_cannot_be_kept_is_told(keeper: Keeper) -> None:
    """Where there is no folder to write into, the error says so, and that nothing was written over."""
    keeper.folder.parent.mkdir()
    keeper.folder.write_text("in the way")
    with pytest.raises(ManifestError) as caught:
        keeper(former(1))
    assert "not written over" in caught.value.detail


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 2}'])
def test_a_broken_file_is_told_and_never_taken_for_empty(keeper: Keeper, text: str) -> None:
    """What is no kept document is an error that names the file; it does not keep a new one from being kept."""
    place = Path(keeper(former(1)))
    place.write_text(text)
    with pytest.raises(ManifestError) as caught:
        load(place)
    assert str(place) in caught.value.summary
    assert str(place) != keeper(former(1))


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is told by name."""
    with pytest.raises(ManifestError):
        load(tmp_path / "nothing.json")


def test_a_later_format_is_refused(keeper: Keeper) -> None:
    """A file of a newer release is refused by its number."""
    place = Path(keeper(former(1)))
    place.write_text(json.dumps({**json.loads(place.read_text()), "version": 2}))
    with pytest.raises(ManifestError) as caught:
        load(place)
    assert "format is 2" in caught.value.detail


def test_what_a_killed_run_was_writing_goes(keeper: Keeper) -> None:
    """What another stack's run began goes when a minute has passed, and the folder with it; till then it stays."""
    keeper.folder.mkdir(parents=True)
    begun, being_written = keeper.folder / ".a.x.json.new", keeper.folder / ".b.x.json~x.media.dev.json.new"
    for path in (begun, being_written):
        path.write_text("{", encoding="utf-8")
    an_hour_ago = time.time() - 3600
    os.utime(begun, (an_hour_ago, an_hour_ago))
    forget(keeper.manifest, [])
    assert [being_written] == list(keeper.folder.iterdir())
    os.utime(being_written, (an_hour_ago, an_hour_ago))
    forget(keeper.manifest, [])
    assert not keeper.folder.exists()


def test_what_a_killed_run_of_ours_was_writing_goes_at_once(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a run of this manifest began goes, however young: whoever holds the lock knows that it has died."""

    class Killed(BaseException):
        pass

    def die(_descriptor: int) -> None:
        raise Killed

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(Killed):
        keeper(former(1))
    assert [".new"] == [path.suffix for path in keeper.folder.iterdir()]
    forget(keeper.manifest, [])
    assert not keeper.folder.exists()
