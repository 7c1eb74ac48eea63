import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer import manifest, manifest_file
from task_deployer.errors import ManifestError
from task_deployer.lock_holder import Life, this_process
from task_deployer.records import Record
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT
from tests.lock_holders import another_process


def open_it(path: Path) -> list[str]:
    """Open the manifest, and return what the folder holds then."""
    with manifest.opened(path, "media", "dev", ACCOUNT):
        return sorted(entry.name for entry in path.parent.iterdir())


def test_one_writer_at_a_time(manifest_path: Path) -> None:
    """While another process holds the manifest it is refused, and the message says which process that is."""
    with another_process(manifest_path) as process:
        with pytest.raises(ManifestError, match="Another task-deploy is at work") as caught:
            open_it(manifest_path)
        assert f"process {process.pid} on " in caught.value.detail
    assert open_it(manifest_path) == [".gitignore", "media.dev.json.lock"]


def test_one_writer_within_a_process(manifest_path: Path) -> None:
    """The lock holds between two runs in one process too."""
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT), pytest.raises(ManifestError, match="at work"):
        open_it(manifest_path)


def test_the_lock_of_the_dead_is_free(manifest_path: Path) -> None:
    """A process that was killed holds nothing any more: no lock has to be removed by hand."""
    with another_process(manifest_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert manifest_path.with_name("media.dev.json.lock").exists()
        assert open_it(manifest_path) == [".gitignore", "media.dev.json.lock"]


def test_stacks_do_not_lock_each_other(manifest_path: Path) -> None:
    """Two environments of one project can be worked on at the same time."""
    other = manifest_path.with_name("media.prod.json")
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT), manifest.opened(other, "media", "prod", ACCOUNT):
        assert manifest_path.parent.is_dir()


def test_nothing_recorded_leaves_nothing(manifest_path: Path) -> None:
    """A run that records nothing leaves neither file nor lock nor folder."""
    open_it(manifest_path)
    assert list(manifest_path.parent.parent.iterdir()) == []


def test_an_empty_manifest_is_removed(manifest_path: Path) -> None:
    """When the last record goes, so do the file, its lock and the empty folder."""
    address = Address("role.a")
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        journal.put(address, Record("role", {"name": "r", "path": "/"}))
    assert manifest_path.exists()
    with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
        journal.forget(address)
    assert list(manifest_path.parent.parent.iterdir()) == []


def test_the_lineage_lives_as_long_as_the_file(manifest_path: Path) -> None:
    """A manifest keeps its lineage from run to run, and a new one gets another."""

    def lineage(*, keep: bool) -> str:
        with manifest.opened(manifest_path, "media", "dev", ACCOUNT) as journal:
            journal.put(Address("role.a"), Record("role", {"name": "r", "path": "/"}))
            if not keep:
                journal.forget(Address("role.a"))
            return journal.lineage

    first, second, third = lineage(keep=True), lineage(keep=False), lineage(keep=False)
    assert (first == second, second == third) == (True, False)


def test_what_others_keep_in_the_folder_stays(manifest_path: Path) -> None:
    """A folder that holds something else is left."""
    manifest_path.parent.mkdir()
    (manifest_path.parent / "notes.txt").touch()
    open_it(manifest_path)
    assert [entry.name for entry in manifest_path.parent.iterdir()] == ["notes.txt"]


def test_a_folder_of_the_users_own_is_never_removed(tmp_path: Path) -> None:
    """A manifest that the user put elsewhere takes no folder along when it goes."""
    folder = tmp_path / "mine"
    folder.mkdir()
    open_it(folder / "state.json")
    assert list(folder.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no lock can be taken nothing is begun, and the message says why."""
    (tmp_path / "file").touch()
    with pytest.raises(ManifestError, match="cannot be locked") as caught:
        open_it(tmp_path / "file" / "media.dev.json")
    assert "Nothing was changed" in caught.value.detail


def test_a_write_that_fails_keeps_the_old_text(manifest_path: Path) -> None:
    """When the new text cannot be written the old one is still there, whole."""
    manifest_file.write(manifest_path, "old")
    (manifest_path.parent / ".media.dev.json.new").mkdir()
    with pytest.raises(ManifestError, match="cannot be written"):
        manifest_file.write(manifest_path, "new")
    assert manifest_path.read_text(encoding="utf-8") == "old"


def test_a_reader_never_sees_half_a_text(manifest_path: Path) -> None:
    """A file that is open while it is replaced still reads as the old text, from its first to its last byte."""
    manifest_file.write(manifest_path, "old" * 1000)
    with manifest_path.open(encoding="utf-8") as reader:
        manifest_file.write(manifest_path, "new" * 1000)
        assert reader.read() == "old" * 1000
    assert manifest_path.read_text(encoding="utf-8") == "new" * 1000


def test_an_empty_manifest_that_cannot_be_removed(manifest_path: Path) -> None:
    """A file that records nothing any more and stays is told, not passed over."""
    manifest_path.mkdir(parents=True)
    with pytest.raises(ManifestError, match="cannot be removed"):
        manifest_file.remove(manifest_path)


def test_who_holds_the_lock_is_told_without_taking_it(manifest_path: Path) -> None:
    """A living holder is named, while others are refused as ever; before it and after it there is none."""
    manifest_file.write(manifest_path, "{}")
    assert manifest_file.signed(manifest_path) is None
    with another_process(manifest_path) as process:
        assert f"process {process.pid} on" in str(manifest_file.signed(manifest_path))
        with pytest.raises(ManifestError):
            open_it(manifest_path)
    with manifest_file.locked(manifest_path):
        assert f"process {os.getpid()} on" in str(manifest_file.signed(manifest_path))
    assert manifest_file.signed(manifest_path) is None


def test_a_holder_that_was_killed_holds_nothing(manifest_path: Path) -> None:
    """What a killed process wrote into the lock is told as a dead one's; one on another machine may live."""
    manifest_file.write(manifest_path, "{}")
    with another_process(manifest_path) as process:
        process.kill()
        process.wait()
    dead = manifest_file.signed(manifest_path)
    assert (process.pid, Life.DEAD) == (dead and dead.holder and dead.holder.pid, dead and dead.life)
    elsewhere = replace(this_process(), host="elsewhere", pid=1)
    manifest_file.lock_of(manifest_path).write_text(elsewhere.dumps(), encoding="utf-8")
    found = manifest_file.signed(manifest_path)
    assert (elsewhere, Life.UNKNOWN) == (found and found.holder, found and found.life)
