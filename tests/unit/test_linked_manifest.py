"""A manifest that is reached by a link is the one file that the link leads to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from task_deployer import manifest, manifest_file
from task_deployer.errors import ManifestError
from task_deployer.project import Project
from task_deployer.records import Record
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT
from tests.lock_holders import another_process

ROLE = Address("role.a")


def put_one(path: Path) -> None:
    """Record one thing."""
    with manifest.opened(path, "media", "dev", ACCOUNT) as journal:
        journal.put(ROLE, Record("role", {"name": "r", "path": "/"}))


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A manifest with one record, in a folder that people share."""
    path = tmp_path / "shared" / "state.json"
    put_one(path)
    return path


@pytest.fixture
def link(shared: Path, manifest_path: Path) -> Path:
    """A link in the project's own folder that leads to it."""
    manifest_path.parent.mkdir()
    manifest_path.symlink_to(shared)
    return manifest_path


def by_itself(link: Path) -> Path:
    """Name it as it is."""
    return link


def by_another_link(link: Path) -> Path:
    """Name it by a link to the link."""
    further = link.parent.parent / "further.json"
    further.symlink_to(link)
    return further


def by_a_folder(link: Path) -> Path:
    """Name it by a link to the folder that holds the link."""
    folder = link.parent.parent / "folder"
    folder.symlink_to(link.parent)
    return folder / link.name


WAYS = pytest.mark.parametrize("way", [by_itself, by_another_link, by_a_folder])


@WAYS
def test_what_is_written_is_the_file(link: Path, shared: Path, way: Callable[[Path], Path]) -> None:
    """A record that is put by way of a link is in the file that it leads to, and the link stays one."""
    with manifest.opened(way(link), "media", "dev", ACCOUNT) as journal:
        journal.put(Address("role.b"), Record("role", {"name": "b", "path": "/"}))
    found = manifest.read(shared)
    assert found is not None
    assert {ROLE, "role.b"} == found.records.keys()
    assert link.is_symlink()
    assert ["state.json", "state.json.lock"] == sorted(path.name for path in shared.parent.iterdir())


@WAYS
def test_one_writer_by_whatever_name(link: Path, shared: Path, way: Callable[[Path], Path]) -> None:
    """Who holds a manifest by one name holds it by every other."""
    name = way(link)
    for holds, comes in ((shared, name), (name, shared)):
        with (
            another_process(holds),
            pytest.raises(ManifestError, match="Another task-deploy"),
            manifest.opened(comes, "media", "dev", ACCOUNT),
        ):
            pass


def test_the_last_record_takes_file_and_link_along(link: Path, shared: Path, tmp_path: Path) -> None:
    """When nothing is recorded any more neither file nor link is left, nor a lock, nor one from before the link."""
    link.with_name("media.dev.json.lock").touch()
    with manifest.opened(link, "media", "dev", ACCOUNT) as journal:
        journal.forget(ROLE)
    assert [shared.parent] == list(tmp_path.iterdir())
    assert [] == list(shared.parent.iterdir())


@pytest.mark.parametrize("name", ["file", "folder"])
def test_a_link_to_nothing(tmp_path: Path, name: str) -> None:
    """A link that leads nowhere is an error that says where it leads, and never a stack that is not there yet."""
    missing = tmp_path / "not-mounted"
    path = tmp_path / "media.json" if name == "file" else tmp_path / "folder" / "media.json"
    link = path if name == "file" else path.parent
    link.symlink_to(missing)
    for look in (manifest.read, put_one, manifest_file.signed):
        with pytest.raises(ManifestError, match="nowhere") as caught:
            look(path)
        assert str(path) in caught.value.summary
        assert f"The link is {link}. There is no {missing}." in caught.value.detail
        assert "not mounted" in caught.value.hint
    assert [link] == list(tmp_path.iterdir())


def test_links_in_a_circle(tmp_path: Path) -> None:
    """Links that lead to one another are an error that says so."""
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.symlink_to(other)
    other.symlink_to(one)
    for look in (manifest.read, put_one):
        with pytest.raises(ManifestError, match="circle"):
            look(one)


def test_a_link_in_the_tools_folder_has_its_stacks_name(link: Path, shared: Path) -> None:
    """There a link, too, is found by its name: one that names another stack than its manifest is of is refused."""
    other = link.with_name("other.dev.json")
    other.symlink_to(shared)
    with pytest.raises(ManifestError, match=r"other\.dev\.json") as caught:
        manifest.read(other)
    assert "which its name does not say" in caught.value.detail


def test_a_link_to_nothing_is_no_obstacle_to_others(link: Path, shared: Path, tmp_path: Path) -> None:
    """What a killed run has left of one stack is removed, whatever another one's links lead to."""
    shared.unlink()
    link.with_name("media.dev.json.lock").touch()
    left = link.with_name("gone.dev.json.lock")
    left.touch()
    project = Project(folder=tmp_path / "config")
    (tmp_path / "config").mkdir()
    project.tidy()
    assert not left.exists()
    assert link.is_symlink()


def test_kept_documents_are_beside_the_file(link: Path, shared: Path, tmp_path: Path) -> None:
    """What runs keep is looked for where they put it, beside the file, whether a config says the name or not."""
    config = tmp_path / "config"
    config.mkdir()
    assert shared == Project(folder=config).kept_beside()
    (config / "task.toml").write_text('[stack]\nname = "media"\n')
    assert shared == Project(folder=config).kept_beside()
    assert shared == Project(folder=config, file=link).kept_beside()
