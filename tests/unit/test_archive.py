import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from task_deployer.archive import pack, runtime_folder
from task_deployer.errors import ConfigError

FILES = {"handler.py": "def handle(): ...\n", "deep/er/data.json": "{}", "Zebra.txt": "z", "ünï.txt": "ü"}


def source(root: Path, files: dict[str, str] = FILES) -> Path:
    """Write a source folder, file by file in the order given."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def names(content: bytes) -> list[str]:
    """The names in a zip, without the runtime's."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [name for name in archive.namelist() if not name.startswith("task_runtime/")]


def test_the_source_and_the_runtime_are_packed(tmp_path: Path) -> None:
    """The zip has every file of the source, sorted, and the runtime beside it, with their content."""
    archive = pack(source(tmp_path))
    assert names(archive.content) == ["Zebra.txt", "deep/er/data.json", "handler.py", "ünï.txt"]
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.read("handler.py").decode() == FILES["handler.py"]
        assert opened.read("task_runtime/entry.py") == (runtime_folder() / "entry.py").read_bytes()
        assert archive.files == len(opened.namelist())


def test_the_sum_is_lambdas(tmp_path: Path) -> None:
    """`sha256` is the sum that Lambda shows as CodeSha256: base64 of the zip's SHA-256."""
    archive = pack(source(tmp_path))
    assert archive.sha256 == base64.b64encode(hashlib.sha256(archive.content).digest()).decode()


def test_only_content_counts(tmp_path: Path) -> None:
    """Another folder, order of creation, date or umask gives the same bytes."""
    one = pack(source(tmp_path / "one"))
    mask = os.umask(0o077)
    try:
        other = source(tmp_path / "elsewhere" / "other", dict(reversed(FILES.items())))
    finally:
        os.umask(mask)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    assert pack(other) == one


@pytest.mark.parametrize(("time_zone", "seed"), [("Asia/Tokyo", "1"), ("America/New_York", "2")])
def test_another_process_packs_the_same_bytes(tmp_path: Path, time_zone: str, seed: str) -> None:
    """Neither the time zone nor the order of hashes shows in the bytes."""
    folder = source(tmp_path)
    script = (
        "import sys, pathlib; from task_deployer.archive import pack; print(pack(pathlib.Path(sys.argv[1])).sha256)"
    )
    environment = {**os.environ, "TZ": time_zone, "PYTHONHASHSEED": seed}
    printed = subprocess.run(
        [sys.executable, "-c", script, str(folder)], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == pack(folder).sha256


def test_changed_content_is_another_archive(tmp_path: Path) -> None:
    """Another text, another name and another executable bit each make another sum."""
    first = pack(source(tmp_path)).sha256
    sums = {first}
    (tmp_path / "handler.py").write_text("changed", encoding="utf-8")
    sums.add(pack(tmp_path).sha256)
    (tmp_path / "handler.py").rename(tmp_path / "renamed.py")
    sums.add(pack(tmp_path).sha256)
    (tmp_path / "renamed.py").chmod(0o755)
    sums.add(pack(tmp_path).sha256)
    assert len(sums) == 4


def test_what_is_left_out(tmp_path: Path) -> None:
    """Hidden files, caches and packages of other tools stay at home."""
    left_out = [".env", ".git/config", "__pycache__/a.txt", "a/__pycache__/b.pyc", "node_modules/x.js", "old.pyc"]
    source(tmp_path, {"handler.py": "", **dict.fromkeys(left_out, "")})
    assert names(pack(tmp_path).content) == ["handler.py"]


def test_a_runtime_in_the_source_is_ignored(tmp_path: Path) -> None:
    """A `task_runtime` of the source's own does not go in: the tool's is the one that is packed."""
    plain = pack(source(tmp_path / "plain"))
    with_own = source(tmp_path / "own", {**FILES, "task_runtime/entry.py": "mine", "task_runtime/extra.py": "mine"})
    assert pack(with_own) == plain


def test_a_linked_folder_is_packed_by_its_content(tmp_path: Path) -> None:
    """A link into another folder is followed: Lambda gets files."""
    shared = source(tmp_path / "shared", {"common.py": "x = 1\n"})
    folder = source(tmp_path / "source", {"handler.py": ""})
    (folder / "lib").symlink_to(shared)
    assert names(pack(folder).content) == ["handler.py", "lib/common.py"]


@pytest.mark.parametrize("text", ["requests", "# only pure Python\nrequests==2.0 # pinned\n", "-r other.txt"])
def test_requirements_are_refused(tmp_path: Path, text: str) -> None:
    """Requirements that would be missing at run time are refused before anything is deployed."""
    with pytest.raises(ConfigError, match="cannot pack requirements yet"):
        pack(source(tmp_path, {"handler.py": "", "requirements.txt": text}))


def test_requirements_without_a_requirement(tmp_path: Path) -> None:
    """A requirements file that names nothing changes nothing."""
    archive = pack(source(tmp_path, {"handler.py": "", "requirements.txt": "\n# none\n   \n"}))
    assert names(archive.content) == ["handler.py", "requirements.txt"]


def test_the_named_requirements_file_is_the_one_that_counts(tmp_path: Path) -> None:
    """With `requirements` set, that file is read and not the default one."""
    folder = source(
        tmp_path, {"handler.py": "", "requirements.txt": "requests", "none.txt": "", "some.txt": "requests"}
    )
    pack(folder, "none.txt")
    with pytest.raises(ConfigError, match=r"some\.txt"):
        pack(folder, "some.txt")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A link to nothing is told by its path; a package without that file would fail at Lambda."""
    (source(tmp_path) / "broken.py").symlink_to(tmp_path / "nothing")
    with pytest.raises(ConfigError, match=r"broken\.py cannot be read"):
        pack(tmp_path)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """A source folder that vanished is told by its path."""
    folder = source(tmp_path / "source")
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match="source cannot be read"):
        pack(folder)


def test_a_package_that_is_too_large(tmp_path: Path) -> None:
    """A package above what Lambda takes is refused before the upload, with its size."""
    with (source(tmp_path) / "large.bin").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    with pytest.raises(ConfigError, match="more than the 52,428,800 that Lambda takes"):
        pack(tmp_path)


@pytest.mark.parametrize(
    ("text", "acts"),
    [("from task_runtime import PutObject\n", True), ("CopyObject(1, 2)", True), ("put_object, PutObjects", False)],
)
def test_a_source_that_acts_on_objects(tmp_path: Path, text: str, acts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What speaks of the runtime's actions on objects is told from what does not; the runtime itself does not count."""
    assert pack(source(tmp_path, {"lib/deep.py": text, "notes.txt": "PutObject"})).acts_on_objects is acts


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    """A pipe in the source is refused by name: to read it would take for ever."""
    os.mkfifo(source(tmp_path) / "queue")
    with pytest.raises(ConfigError, match="queue is no regular file"):
        pack(tmp_path)


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    """A file name that is not UTF-8 is refused, with as much of it as can be shown."""
    Path(os.fsdecode(os.fsencode(source(tmp_path)) + b"/b\xe4d.py")).touch()
    with pytest.raises(ConfigError, match="is not UTF-8"):
        pack(tmp_path)
