"""What is recorded, in words and as JSON. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from task_deployer.manifest import Manifest
from task_deployer.recorded import Entry, Unlocked, dead_entries
from task_deployer.records import Origin, as_document
from task_deployer.render.json import SCHEMA, warnings_document
from task_deployer.render.text import Line, Style, warning_lines
from task_deployer.resources.base import ENTRIES, Identity

_COLUMNS = ("ADDRESS", "KIND", "STATUS", "ORIGIN", "IDENTITY")


def list_lines(journal: Manifest | None) -> Iterator[Line]:
    """All records, one a line."""
    if journal is None or not journal.records:
        yield Line("Nothing is recorded.", Style.GOOD)
        return
    yield _where(journal)
    rows = [
        (address, record.kind, record.status, record.origin, _words(record.identity))
        for address, record in sorted(journal.records.items())
    ]
    yield from _table([_COLUMNS, *rows])


def show_lines(journal: Manifest, entry: Entry) -> Iterator[Line]:
    """One record with all that it says."""
    record = entry.record
    yield _where(journal)
    yield Line(entry.address, Style.TITLE)
    said = [
        ("kind", record.kind),
        ("arn", entry.arn),
        ("status", record.status),
        (
            "origin",
            f"{record.origin} (not ours: used, never deleted)" if record.origin is Origin.ADOPTED else "created",
        ),
        *((f"identity.{key}", value) for key, value in record.identity.items()),
        *(("depends on", address) for address in record.depends_on),
        *(("needed by", address) for address in entry.dependents),
    ]
    yield from _table([("", *row) for row in said])


def forget_lines(entry: Entry) -> Iterator[Line]:
    """What was taken out, and what stays."""
    yield Line(f"Forgotten: {entry.address}. It is still at AWS: {entry.arn}", Style.GOOD)
    for address in entry.parts:
        yield Line(f"  forgotten with it: {address}", Style.QUIET)
    for address in entry.staying:
        yield Line(f"  still recorded: {address}", Style.QUIET)
    if entry.feeds:
        yield Line(f"Warning: {dead_entries(entry)}", Style.WARN)
    yield from warning_lines(entry.expiring)


def unlock_lines(unlocked: Unlocked) -> Iterator[Line]:
    """Whose lock was broken."""
    if unlocked.broken is None:
        yield Line(f"Nobody holds the lock of {unlocked.manifest}.", Style.GOOD)
    else:
        yield Line(f"Broken: the lock of {unlocked.manifest}, which was held by {unlocked.broken}.", Style.GOOD)


def list_document(journal: Manifest | None, env: str) -> dict[str, object]:
    """All records."""
    records = sorted(journal.records.items()) if journal else []
    resources = [{"address": address, **as_document(record)} for address, record in records]
    return {**_head("state list", journal, env), "resources": resources}


def entry_document(command: str, journal: Manifest, entry: Entry) -> dict[str, object]:
    """One record."""
    record = as_document(entry.record)
    resource = {"address": entry.address, **record, "arn": entry.arn, "dependents": list(entry.dependents)}
    resource |= {"parts": list(entry.parts), "feeds": list(entry.feeds)}
    return {**_head(command, journal, journal.env), "resource": resource}


def forget_document(journal: Manifest, entry: Entry) -> dict[str, object]:
    """One record that was taken out, and what to think about."""
    return {**entry_document("state forget", journal, entry), "warnings": warnings_document(entry.expiring)}


def unlock_document(unlocked: Unlocked) -> dict[str, object]:
    """Whose lock was broken; `holder` is null where nobody held it, or it had not said who it is."""
    broken = unlocked.broken
    document = {"schema": SCHEMA, "command": "unlock", "manifest": str(unlocked.manifest), "broken": broken is not None}
    if broken is None or broken.holder is None:
        return {**document, "holder": None}
    return {**document, "holder": {**asdict(broken.holder), "life": broken.life}}


def _head(command: str, journal: Manifest | None, env: str) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "command": command,
        "stack": journal.stack if journal else None,
        "env": journal.env if journal else env,
        "account": journal.account.id if journal else None,
        "region": journal.account.region if journal else None,
        "manifest": str(journal.path) if journal else None,
        "lineage": journal.lineage if journal else None,
        "serial": journal.serial if journal else None,
    }


def _where(journal: Manifest) -> Line:
    account = journal.account
    return Line(f"{journal.stack}/{journal.env} in account {account.id}, {account.region}", Style.TITLE)


def _words(identity: Identity) -> str:
    """What finds the thing; the entries in a document that is shared are many, and `state show` has them."""
    return " ".join(f"{key}={value}" for key, value in identity.items() if key != ENTRIES)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """Columns as wide as what is in them; the last one is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield Line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
