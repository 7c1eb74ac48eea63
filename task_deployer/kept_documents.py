"""Notification documents that hold what is not ours, as they were before we wrote them: kept beside the manifest.

A worker writes one through `Care.keep`, just before it puts another document: a file of its own that nobody else
writes, so neither the manifest nor its lock is touched. They outlive `down`, unless the bucket was ours and is gone.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from task_deployer.aws import Account, Aws
from task_deployer.care import Care, Former, Remark
from task_deployer.errors import ManifestError
from task_deployer.kept_statements import StatementKeeper
from task_deployer.manifest_file import put_in_place

MOST = 10
"""How many are kept of one bucket: the first one, from before we came, and the last ones. Undo copies count apart."""

_FOLDER = "notifications"
_VERSION = 1
_RESTORE = "restore"  # why an undo copy was kept; of any other one nothing is said
_WRITTEN = 60  # seconds: no run is still writing a file that has not changed for so long
_STAMP = "%Y%m%dT%H%M%S-%fZ"
_NAME = re.compile(r"(?P<bucket>.+)\.\d{8}T\d{6}-\d{6}Z\.json")


@dataclass(frozen=True)
class Kept:
    """One document as it was. `ours` are the keys of what was this stack's in it, or was about to be."""

    path: Path
    bucket: str
    time: str
    account: Account
    ours: tuple[str, ...]
    document: Mapping[str, object]
    owner: str | None = None
    """The account that owns the bucket, where that is another one."""
    undone: bool = False
    """Whether a restoration kept it, so that it can be undone: it is put back only where somebody names it."""


@dataclass(frozen=True)
class Keeper:
    """Keeps documents for the stack of one manifest."""

    manifest: Path
    account: Account
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def folder(self) -> Path:
        """Where it keeps them."""
        return folder_of(self.manifest)

    def __call__(self, former: Former) -> str:
        """Keep one, unless the last one of its sort says the same; returns the place. It is on disk when this returns.

        Raises `ManifestError` if it cannot be kept: then it must not be written over.
        """
        moment = self.now()
        text = _serialize(former, self.account, moment)
        path = self.folder / f"{former.bucket}.{moment.strftime(_STAMP)}.json"
        try:
            every = paths_of(self.folder, former.bucket)
            before = [path for path in every if _is_undone(_read(path)) == former.undone]
            if before and _says_the_same(before[-1], text):
                return str(before[-1])
            put_in_place(path, text, path.with_name(f".{path.name}{_begun_by(self.manifest)}"))
            for old in before[1 : max(1, len(before) + 2 - MOST)]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise ManifestError(
                f"The notifications of the bucket {former.bucket} cannot be kept in {path}",
                detail=f"{error.strerror}. They hold what is not ours, so they were not written over.",
                hint="Make room or give the right to write, then run the same command again: it goes on from there.",
            ) from error
        return str(path)


def with_care(aws: Aws, manifest: Path, skip_dead_foreign: bool) -> tuple[Aws, list[Remark]]:  # noqa: FBT001 - the user's choice
    """Clients that keep what is not ours before it is written over, and a list of what their verbs have to tell."""
    remarks: list[Remark] = []
    keeper, statements = Keeper(manifest, aws.account), StatementKeeper(manifest)
    return aws.caring_with(Care(keeper, remarks.append, skip_dead_foreign, statements)), remarks


def folder_of(manifest: Path) -> Path:
    """Where the documents are kept that the runs of this manifest wrote over."""
    return manifest.parent / _FOLDER


def buckets_in(folder: Path) -> tuple[str, ...]:
    """The buckets of which something is kept."""
    found = (_NAME.fullmatch(path.name) for path in folder.glob("*.json"))
    return tuple(sorted({match["bucket"] for match in found if match}))


def paths_of(folder: Path, bucket: str) -> tuple[Path, ...]:
    """The files of one bucket, the oldest first. A bucket's name may begin with another's and a dot."""
    files = ((path, _NAME.fullmatch(path.name)) for path in folder.glob("*.json"))
    return tuple(sorted(path for path, match in files if match and match["bucket"] == bucket))


def forget(manifest: Path, buckets: Iterable[str]) -> None:
    """Remove what is kept of buckets that are gone, what a killed run was writing, and the folder if it is empty then.

    Projects of several stacks share the folder. What a run of this manifest began goes at once, as its lock is ours;
    what another one began goes when it is old: writing takes less than a second.
    """
    folder = folder_of(manifest)
    for path in folder.glob(".*.new"):
        if path.name.endswith(_begun_by(manifest)) or time.time() - path.stat().st_mtime > _WRITTEN:
            path.unlink(missing_ok=True)
    for path in [path for bucket in buckets for path in paths_of(folder, bucket)]:
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _begun_by(manifest: Path) -> str:
    """How the name of a file ends that a run of this manifest has begun: neither buckets nor times hold a `~`."""
    return f"~{manifest.name}.new"


def load(path: Path) -> Kept:
    """Read one. Raises `ManifestError` if there is no such file, or it is broken or of a newer release."""
    try:
        return _parse(path, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(
            f"The kept notifications {path} cannot be read",
            detail=f"{type(error).__name__}: {error}. Nothing was changed.",
            hint="Name another file with --from.",
        ) from error


def _parse(path: Path, found: Mapping[str, object]) -> Kept:
    ours, document = found["ours"], found["document"]
    if found["version"] != _VERSION:
        raise ValueError(f"its format is {found['version']}; this release knows {_VERSION}")
    if not isinstance(document, dict) or not isinstance(ours, list):
        raise TypeError("it holds no document")
    account = Account(*(str(found[key]) for key in ("account", "region", "partition")))
    owner, keys = _owner(found), tuple(map(str, ours))
    return Kept(path, str(found["bucket"]), str(found["time"]), account, keys, document, owner, _is_undone(found))


def _owner(found: Mapping[str, object]) -> str | None:
    return str(found["owner"]) if "owner" in found else None


def _serialize(former: Former, account: Account, time: datetime) -> str:
    kept = {
        "version": _VERSION,
        "bucket": former.bucket,
        "time": time.isoformat(timespec="seconds"),
        "account": account.id,
        "region": account.region,
        "partition": account.partition,
        **({"owner": former.owner} if former.owner else {}),
        **({"why": _RESTORE} if former.undone else {}),
        "ours": list(former.ours),
        "document": former.document,
    }
    return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"


def _says_the_same(path: Path, text: str) -> bool:
    """Whether a kept document is this one, whenever it was kept; a broken one is not."""
    before, now = _read(path), json.loads(text)
    return {**before, "time": ""} == {**now, "time": ""}


def _is_undone(found: Mapping[str, object]) -> bool:
    return found.get("why") == _RESTORE


def _read(path: Path) -> Mapping[str, object]:
    """What a file says; nothing if it is broken, or another run has just removed it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, FileNotFoundError):
        return {}
    return found if isinstance(found, dict) else {}
