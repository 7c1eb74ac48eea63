"""The manifest's place fails the installed command: exit 4 before the first change, and what is there is left."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.faults.command.strikes import Moment, at_mutating, run_through, striking
from tests.faults.command.wide import Wide
from tests.integration.project import COMMAND

FOLDER, MANIFEST = ".task-deploy", ".task-deploy/media.dev.json"


def file_for_folder(root: Path) -> None:
    """A file where the folder should be."""
    (root / FOLDER).write_text("mine")


def folder_for_manifest(root: Path) -> None:
    """A folder where the manifest should be."""
    (root / MANIFEST).mkdir(parents=True)


def folder_for_lock(root: Path) -> None:
    """A folder where the lock should be."""
    (root / f"{MANIFEST}.lock").mkdir(parents=True)


def folder_for_new_text(root: Path) -> None:
    """A folder where the next text is written before it replaces the old one."""
    (root / FOLDER / ".media.dev.json.new").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [file_for_folder, folder_for_manifest, folder_for_lock, folder_for_new_text])
def test_a_place_that_is_taken(wide: Wide, spoil: Callable[[Path], None]) -> None:
    """Where something else stands in the manifest's way, `up` is exit 4 with advice, and nothing is made or removed."""
    spoil(wide.project.root)
    before = wide.project.files()
    error = wide.project.refused("up", code=4)
    assert ".task-deploy" in error["summary"] + error["detail"]
    assert error["hint"]
    assert before == wide.project.files()
    assert wide.before == wide.account.listing()


def obeying_permissions() -> Sequence[str]:
    """What to put before a command so that permissions bind it: root loses the right to pass them over."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def test_a_folder_that_may_not_be_written(wide: Wide) -> None:
    """In a read-only folder `up` is exit 4 and changes nothing at AWS; with the right given back it finishes."""
    root = wide.project.root
    words = [*obeying_permissions(), str(COMMAND), "up", "--json"]
    root.chmod(0o555)
    try:
        ended = subprocess.run(
            words, cwd=root, env=wide.project.environment, check=False, capture_output=True, text=True
        )
    finally:
        root.chmod(0o755)
    assert 4 == ended.returncode, ended
    assert "Permission denied" in ended.stdout
    assert wide.before == wide.account.listing()
    wide.up()
    wide.assert_recorded()


def test_a_read_only_file_system(wide: Wide) -> None:
    """Where the project lies on a read-only file system, `up` is exit 4 that says so, and changes nothing at AWS."""
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    place = f'cd "{wide.project.root}" && mount --bind . . && cd . && mount -o remount,bind,ro "$PWD" && cd "$PWD"'
    if (
        sys.platform != "linux"
        or subprocess.run([*alone, "sh", "-c", place], check=False, stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("no file system can be mounted read-only here")
    ended = subprocess.run(
        [*alone, "sh", "-c", f'{place} && exec "$0" up --json', str(COMMAND)],
        env=wide.project.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert 4 == ended.returncode, ended
    assert "Read-only file system" in ended.stdout
    assert wide.before == wide.account.listing()


def test_the_lock_of_the_dead_is_free(wide: Wide, endpoint_url: str) -> None:
    """A killed `up` leaves its lock file, which names it; the next `up` takes no notice, and `down` removes it."""
    lock = wide.project.root / f"{MANIFEST}.lock"
    run_through(
        wide.project,
        endpoint_url,
        lambda victim: at_mutating(0, striking(lambda: victim.get(signal.SIGKILL), Moment.UNSENT)),
        "up",
    )
    assert "task-deploy up --workers 8" in lock.read_text(encoding="utf-8")
    wide.up()
    wide.down()
    wide.assert_gone()


def test_refused_leaves_nothing(wide: Wide) -> None:
    """An `up` whose plan is refused leaves neither manifest nor lock nor folder."""
    wide.account.iam.create_role(RoleName="media-dev-ingest-eu-central-1", AssumeRolePolicyDocument="{}")
    before = wide.account.listing()
    assert "media-dev-ingest-eu-central-1" in str(wide.project.refused("up", code=5))
    assert not (wide.project.root / FOLDER).exists()
    assert before == wide.account.listing()
