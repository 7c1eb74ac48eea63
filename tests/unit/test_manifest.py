import json
from pathlib import Path

import pytest

from task_deployer import manifest
from task_deployer.aws import Account
from task_deployer.errors import ManifestError, SafetyError
from task_deployer.manifest import Manifest
from task_deployer.records import Origin, Record, Status, in_order
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT

ROLE = Record("role", {"name": "r", "path": "/"})
FUNCTION = Record("function", {"name": "f"}, (Address("role.a"),), Origin.CREATED, Status.CREATING)
RECORDS = {Address("function.a"): FUNCTION, Address("role.a"): ROLE}


def written(path: Path, **changed: object) -> Path:
    """A manifest with two records, and with these keys of the document changed."""
    journal = Manifest(path, "media", "dev", ACCOUNT, "lineage")
    for address, record in RECORDS.items():
        journal.put(address, record)
    if changed:
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changed}), encoding="utf-8")
    return path


def refusal(path: Path) -> ManifestError:
    """What is said about a manifest that cannot be used; the file stays as it is."""
    before = path.read_bytes()
    with pytest.raises(ManifestError) as caught:
        manifest.read(path)
    assert path.read_bytes() == before
    assert (caught.value.exit_code, bool(caught.value.hint)) == (4, True)
    return caught.value


def test_what_is_written_is_read(manifest_path: Path) -> None:
    """A manifest that is read again is equal to the one that was written."""
    found = manifest.read(written(manifest_path))
    assert found == Manifest(manifest_path, "media", "dev", ACCOUNT, "lineage", 2, RECORDS)


def test_the_text_is_that_of_the_contract(manifest_path: Path) -> None:
    """The file is indented JSON with the promised keys in a stable order, addresses sorted."""
    text = written(manifest_path).read_text(encoding="utf-8")
    document = json.loads(text)
    assert list(document) == [
        "version",
        "serial",
        "lineage",
        "stack",
        "env",
        "account",
        "region",
        "partition",
        "resources",
    ]
    assert list(document["resources"]) == ["function.a", "role.a"]
    assert document["resources"]["function.a"] == {
        "kind": "function",
        "identity": {"name": "f"},
        "depends_on": ["role.a"],
        "origin": "created",
        "status": "creating",
    }
    assert text == json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def test_what_says_nothing_new_is_not_written(manifest_path: Path) -> None:
    """A record put twice, or an address forgotten that is not there, leaves the file and its serial alone."""
    before = written(manifest_path).stat().st_ino
    journal = manifest.read(manifest_path)
    assert journal is not None
    journal.put(Address("role.a"), ROLE)
    journal.forget(Address("role.unknown"))
    assert (journal.serial, manifest_path.stat().st_ino) == (2, before)


def test_several_records_go_at_once(manifest_path: Path) -> None:
    """Records that go together go in one write."""
    written(manifest_path)
    journal = manifest.read(manifest_path)
    assert journal is not None
    journal.forget(Address("role.a"), Address("role.unknown"), Address("function.a"))
    found = manifest.read(manifest_path)
    assert found is not None
    assert (found.records, found.serial) == ({}, 3)


def test_nothing_is_left_beside_the_file(manifest_path: Path) -> None:
    """After a write the folder holds the manifest alone."""
    assert list(written(manifest_path).parent.iterdir()) == [manifest_path]


def test_no_file_is_no_manifest(manifest_path: Path) -> None:
    """Where there is no file there is no manifest; that is no error."""
    assert manifest.read(manifest_path) is None


def test_every_truncation_is_an_error(manifest_path: Path) -> None:
    """A text cut anywhere before its end is broken, never empty and never a shorter manifest."""
    whole = written(manifest_path).read_text(encoding="utf-8").rstrip()
    for length in range(len(whole)):
        manifest_path.write_text(whole[:length], encoding="utf-8")
        assert "cannot be read" in refusal(manifest_path).summary


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00", b"null", b"[]", b'"text"', b"17", b"{}", b"[" * 100_000, b'{"version": "1"}', b"NaN"]
)
def test_garbage_is_an_error(manifest_path: Path, garbage: bytes) -> None:
    """What is no manifest at all is broken, whatever it is."""
    written(manifest_path).write_bytes(garbage)
    assert "not taken for empty" in refusal(manifest_path).detail


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"resources": None}, "not a manifest"),
        ({"serial": "2"}, "not a manifest"),
        ({"version": 0}, "not a manifest"),
        ({"lineage": 5}, "lineage is not a string"),
        ({"resources": {"role.a": {}}}, "kind"),
        ({"resources": {"role.a": None}}, "NoneType"),
        ({"resources": {"dog.a": {"kind": "dog", "identity": {"name": "d"}, "depends_on": []}}}, "origin"),
        ({"stack": "other"}, "which its name does not say"),
    ],
)
def test_a_document_of_the_wrong_shape(manifest_path: Path, changed: dict[str, object], told: str) -> None:
    """A document that lacks something, or has it of another type, is broken, and what is wrong is told."""
    assert told in refusal(written(manifest_path, **changed)).detail


@pytest.mark.parametrize(
    ("address", "changed", "told"),
    [
        ("dog.a", {"kind": "dog"}, "it records dog, which this release does not know"),
        ("role.a", {"kind": "function"}, "of another kind"),
        ("role.a", {"identity": {"name": 5}}, "something else than words"),
        ("role.a", {"identity": "r"}, "wrong shape"),
        ("role.a", {"identity": {}}, "something else than words"),
        ("role.a", {"identity": {"name": "r"}}, "lacks 'path'"),
        ("role.a", {"status": "asleep"}, "asleep"),
        ("role.a", {"origin": "found"}, "found"),
        ("role.a", {"depends_on": ["role.a"]}, "cycle"),
    ],
)
def test_a_record_of_the_wrong_shape(manifest_path: Path, address: str, changed: dict[str, object], told: str) -> None:
    """A record that this release does not understand is an error: it would be lost, or taken for another."""
    plain = {
        "kind": "role",
        "identity": {"name": "r", "path": "/"},
        "depends_on": [],
        "origin": "created",
        "status": "ready",
    }
    assert told in refusal(written(manifest_path, resources={address: {**plain, **changed}})).detail


def test_a_newer_format(manifest_path: Path) -> None:
    """A manifest of a newer release is refused with the advice to upgrade, however else it looks."""
    error = refusal(written(manifest_path, version=2, resources="something new"))
    assert ("newer" in error.summary, "Upgrade" in error.hint) == (True, True)


def test_a_folder_in_the_place_of_the_file(manifest_path: Path) -> None:
    """What cannot be opened is broken: unknown is never empty."""
    manifest_path.mkdir(parents=True)
    with pytest.raises(ManifestError, match="cannot be read"):
        manifest.read(manifest_path)


@pytest.mark.parametrize(
    "account",
    [Account("999999999999", "eu-central-1"), Account("123456789012", "us-east-1")],
    ids=["account", "region"],
)
def test_another_account_or_region(manifest_path: Path, account: Account) -> None:
    """A manifest of another account or region is refused by safety, and says which it is of."""
    written(manifest_path)
    with (
        pytest.raises(SafetyError, match="of account 123456789012 in eu-central-1") as caught,
        manifest.opened(manifest_path, "media", "dev", account),
    ):
        pytest.fail("it was opened")
    assert caught.value.exit_code == 5


def test_another_stack_under_a_name_of_ones_own(tmp_path: Path) -> None:
    """A file that the user names may be called anything, and still has to be of this stack."""
    path = written(tmp_path / "mine.json")
    with (
        pytest.raises(ManifestError, match="is of the stack 'media' in 'dev', not 'other'"),
        manifest.opened(path, "other", "dev", ACCOUNT),
    ):
        pytest.fail("it was opened")


def test_records_are_ordered_by_their_edges() -> None:
    """Each address comes behind those it depends on; edges to what is not recorded are left out."""
    records = {**RECORDS, Address("queue.z"): Record("queue", {}, (Address("gone.x"),))}
    ordered = in_order(records)
    assert set(ordered) == set(records)
    assert ordered.index(Address("role.a")) < ordered.index(Address("function.a"))


@pytest.mark.parametrize(("names", "found"), [([], None), (["media.dev.json", "media.prod.json"], "media.dev.json")])
def test_the_one_manifest_of_an_environment(manifest_path: Path, names: list[str], found: str | None) -> None:
    """Without a config the one manifest of the environment is found."""
    manifest_path.parent.mkdir()
    for name in names:
        (manifest_path.parent / name).touch()
    root = manifest_path.parent.parent
    assert manifest.find(root, "dev", local=False) == (manifest_path.with_name(found) if found else None)
    assert manifest.find(root, "dev", local=True) is None


def test_several_manifests_of_an_environment(manifest_path: Path) -> None:
    """Several manifests of one environment are told by name, and nothing is guessed."""
    manifest_path.parent.mkdir()
    for stack in ("media", "news"):
        (manifest_path.parent / f"{stack}.dev.json").touch()
    with pytest.raises(ManifestError, match="2 manifests") as caught:
        manifest.find(manifest_path.parent.parent, "dev", local=False)
    assert ("news.dev.json" in caught.value.detail, "--manifest" in caught.value.hint) == (True, True)
