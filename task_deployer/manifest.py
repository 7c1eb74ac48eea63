"""The manifest is the journal: what we made, and what we were about to do when a run ended early.

Intent is on disk before each mutating call and the outcome after it. How the file is locked and replaced is
manifest_file.py's.
"""

import glob
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from task_deployer import manifest_file
from task_deployer.aws import Account
from task_deployer.errors import ManifestError, SafetyError
from task_deployer.manifest_file import FOLDER
from task_deployer.records import Record, Status, as_document, check_identity, in_order, parse_record, with_ready
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address, AnyResource
from task_deployer.resources.tied import Bound, Unique

VERSION = 1


@dataclass
class Manifest:
    """The records of one stack in one environment, and the file they are kept in.

    `path` is where that really is; `link` is how it was named, where that is a link to it.
    """

    path: Path
    stack: str
    env: str
    account: Account
    lineage: str = field(default_factory=lambda: uuid.uuid4().hex)
    serial: int = 0
    records: dict[Address, Record] = field(default_factory=dict)
    link: Path | None = None

    @property
    def base(self) -> str:
        """What all names and ids of its stack begin with."""
        return f"{self.stack}-{self.env}"

    @property
    def age(self) -> float:
        """Seconds since anything was recorded last; none where nothing is."""
        return manifest_file.age(self.path) if self.records else 0

    def put(self, address: Address, record: Record) -> None:
        """Write one record down, if it says anything new. It is on disk when this returns."""
        if self.records.get(address) != record:
            self.records[address] = record
            self._save()

    def forget(self, *addresses: Address) -> None:
        """Take records out, all at once. They are off the disk when this returns."""
        if [address for address in addresses if self.records.pop(address, None)]:
            self._save()

    def readdress(self, records: Mapping[Address, Record]) -> None:
        """Write all records down as they are to be, at once. They are on disk when this returns."""
        if self.records != records:
            self.records = dict(records)
            self._save()

    def finish(self, addresses: Iterable[Address]) -> None:
        """Write down, all at once, that AWS was seen to show these. It is on disk when this returns."""
        self.readdress(with_ready(self.records, addresses))

    def bind(self, resources: Sequence[AnyResource], seen: Mapping[Address, object]) -> None:
        """Write down the id of what each is tied to at AWS, so that another one under its name is noticed."""
        for resource in resources:
            record = self.records.get(resource.address)
            parent = seen.get(resource.bound_to.address) if isinstance(resource, Bound) else None
            if record is not None and record.status is Status.READY and isinstance(parent, Unique):
                self.put(resource.address, replace(record, bound_to=parent.unique_id))

    def take_over(self, lineage: str, records: Mapping[Address, Record]) -> None:
        """Record what was there before, and whose it is, all at once. It is on disk when this returns."""
        self.lineage = lineage
        self.records |= records
        self._save()

    def check_belongs(self, stack: str, env: str, account: Account) -> None:
        """Raise `ManifestError` if it is of another stack, `SafetyError` if it is of another account or region."""
        self.check_named(stack, env)
        self.check_account(account)

    def check_named(self, stack: str, env: str) -> None:
        """Raise `ManifestError` if it is of another stack or environment."""
        if (self.stack, self.env) != (stack, env):
            raise ManifestError(
                f"The manifest {self.path} is of the stack {self.stack!r} in {self.env!r}, not {stack!r} in {env!r}",
                detail="Nothing was changed.",
                hint="Name the right one with --manifest, or none (unset TASK_DEPLOY_MANIFEST), or the --env and the "
                "--config that belong to this one.",
            )

    def check_account(self, account: Account) -> None:
        """Raise `SafetyError` if the manifest is of another account or region than the one we speak to."""
        theirs, ours = (self.account.id, self.account.region), (account.id, account.region)
        if theirs != ours:
            raise SafetyError(
                f"The manifest is of account {theirs[0]} in {theirs[1]}, but this is account {ours[0]} in {ours[1]}",
                detail=f"{self.path} records what was made there. Nothing was changed.",
                hint="Switch the credentials or --region back, or choose another --env or --manifest for this account.",
            )

    def _save(self) -> None:
        self.serial += 1
        manifest_file.write(self.path, _serialize(self))


def find(root: Path, env: str, *, local: bool) -> Path | None:
    """Find the one manifest of an environment in a project; None if there is none.

    Raises `ManifestError` if there are several: then --manifest has to say which.
    """
    found = find_all(root, env, local=local)
    if len(found) > 1:
        raise ManifestError(
            f"There are {len(found)} manifests of the environment {env!r}",
            detail="\n".join(str(path) for path in found),
            hint="Say which one with --manifest FILE.",
        )
    return found[0] if found else None


def find_all(root: Path, env: str, *, local: bool) -> tuple[Path, ...]:
    """Find all manifests of an environment in a project."""
    return tuple(sorted(folder(root, local=local).glob(f"*.{glob.escape(env)}.json")))


def folder(root: Path, *, local: bool) -> Path:
    """Where a project's manifests are. Those of the local AWS are kept apart: its things are not real ones."""
    return root / FOLDER / "local" if local else root / FOLDER


def read(path: Path) -> Manifest | None:
    """Read a manifest; None if there is no such file.

    Raises `ManifestError` for what is broken, newer than this tool, or named after another stack, be it by a link: it
    is never taken for empty; nor is a link that leads nowhere.
    """
    return _read(manifest_file.real(path), path)


def _read(path: Path, named: Path) -> Manifest | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(named, str(error)) from error
    try:
        document = json.loads(text)
        if isinstance(document, dict) and isinstance(document.get("version"), int) and document["version"] > VERSION:
            raise ManifestError(
                f"The manifest {named} was written by a newer task-deploy",
                detail=f"Its format is {document['version']}; this release knows {VERSION}.",
                hint="Upgrade task-deploy, then run the same command again.",
            )
        manifest = _parse(path, document)
        for name in (named, path):
            _check_name(name, manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(named, f"{type(error).__name__}: {error}") from error
    manifest.link = named if named.is_symlink() else None
    return manifest


@contextmanager
def opened(path: Path, stack: str, env: str, account: Account) -> Iterator[Manifest]:
    """Lock the manifest, read it or begin a new one, and let the lock go at the end.

    A manifest that records nothing at the end is removed, the link by which it was named, its lock and an empty folder
    with it. Raises `ManifestError` if another run holds the lock, `SafetyError` for the manifest of another account or
    region.
    """
    file = manifest_file.real(path)
    with manifest_file.locked(file):
        manifest = _read(file, path) or Manifest(file, stack, env, account)
        manifest.check_belongs(stack, env, account)
        try:
            yield manifest
        finally:
            if not manifest.records:
                manifest_file.remove(file)
                if manifest.link:
                    manifest_file.remove(manifest.link)
                    manifest_file.tidy(manifest.link)
                    manifest_file.remove_empty(manifest.link.parent)


def _serialize(manifest: Manifest) -> str:
    document = {
        "version": VERSION,
        "serial": manifest.serial,
        "lineage": manifest.lineage,
        "stack": manifest.stack,
        "env": manifest.env,
        "account": manifest.account.id,
        "region": manifest.account.region,
        "partition": manifest.account.partition,
        "resources": {address: as_document(record) for address, record in sorted(manifest.records.items())},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parse(path: Path, document: dict[str, object]) -> Manifest:
    def text(key: str) -> str:
        value = document[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is not a string")
        return value

    serial, resources = document["serial"], document["resources"]
    if document["version"] != VERSION or not isinstance(serial, int) or not isinstance(resources, dict):
        raise ValueError("not a manifest of task-deploy")
    records = {Address(address): parse_record(address, record) for address, record in resources.items()}
    account = Account(text("account"), text("region"), text("partition"))
    if not text("lineage"):
        raise ValueError("it has no lineage")
    manifest = Manifest(path, text("stack"), text("env"), account, text("lineage"), serial, records)
    unknown = sorted({record.kind for record in records.values()} - KINDS.keys())
    if unknown:
        raise ValueError(f"it records {', '.join(unknown)}, which this release does not know")
    in_order(records)
    for address, record in records.items():
        check_identity(address, record, account)
    return manifest


def _check_name(path: Path, manifest: Manifest) -> None:
    """In the tool's own folder a file, or a link, says by its name which stack's it is: there it is found by that."""
    if FOLDER in (path.parent.name, path.parent.parent.name) and path.name != f"{manifest.stack}.{manifest.env}.json":
        raise ValueError(f"it is of the stack {manifest.stack!r} in {manifest.env!r}, which its name does not say")


def _broken(path: Path, why: str) -> ManifestError:
    return ManifestError(
        f"The manifest {path} cannot be read",
        detail=f"{why}. It was not changed, and it is not taken for empty.",
        hint="Put back an earlier copy of the file, or move it away and run `task-deploy adopt`, which rebuilds it.",
    )
