import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_deployer import manifest
from task_deployer.errors import ManifestError
from task_deployer.manifest import Manifest
from task_deployer.records import Origin, Record, Status, in_order
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT, MEMORY

scopes = st.text(min_size=1, max_size=8)
words = st.text(min_size=1, max_size=20)
needed = st.fixed_dictionaries(
    dict.fromkeys(("arn", "bucket", "function", "invokes", "name", "path", "policy", "reads", "role", "rule"), words)
)
identities = st.builds(lambda kinds, more: {**more, **kinds}, needed, st.dictionaries(words, words, max_size=3))


@st.composite
def all_records(draw: st.DrawFn) -> dict[Address, Record]:
    """Records of any kind, each of which may depend on those before it, and on what is not recorded."""
    found: dict[Address, Record] = {}
    for scope in draw(st.lists(scopes, max_size=6, unique=True)):
        kind = draw(st.sampled_from(sorted(KINDS)))
        edges = draw(st.lists(st.sampled_from([*found, Address("gone.x")]), max_size=3, unique=True))
        origin, status = draw(st.sampled_from(Origin)), draw(st.sampled_from(Status))
        found[Address(f"{kind}.{scope}")] = Record(kind, draw(identities), tuple(edges), origin, status)
    return found


@given(all_records())
@settings(max_examples=60)
def test_every_record_survives_the_disk(records: dict[Address, Record]) -> None:
    """Whatever is recorded, in whatever words, is read as it was written."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "manifest.json"
        journal = Manifest(path, "media", "dev", ACCOUNT)
        journal.put(Address("role.first"), Record("role", {"name": "first", "path": "/"}))
        for address, record in records.items():
            journal.put(address, record)
        assert manifest.read(path) == journal


@given(all_records(), st.data())
@settings(max_examples=60)
def test_what_a_power_cut_spoilt_is_an_error(records: dict[Address, Record], data: st.DataObject) -> None:
    """A file whose end is cut off or is zeros, wherever that begins, is never taken for a manifest, nor for none."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "manifest.json"
        journal = Manifest(path, "media", "dev", ACCOUNT, records=dict(records))
        journal.put(Address("role.first"), Record("role", {"name": "first", "path": "/"}))
        text = path.read_bytes()
        whole = data.draw(st.integers(0, len(text) - 2))  # without the last line's end it is as good as whole
        filler = data.draw(st.sampled_from([b"", b"\0"]))
        path.write_bytes(text[:whole] + filler * (len(text) - whole))
        with pytest.raises(ManifestError):
            manifest.read(path)


@given(all_records())
def test_order_follows_the_edges(records: dict[Address, Record]) -> None:
    """Every record comes once, behind all that it depends on; the order of the records does not matter."""
    ordered = in_order(records)
    assert sorted(ordered) == sorted(records)
    for address, record in records.items():
        assert all(ordered.index(edge) < ordered.index(address) for edge in record.depends_on if edge in records)
    assert in_order(dict(reversed(records.items()))) == ordered
