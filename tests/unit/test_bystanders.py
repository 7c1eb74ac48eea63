from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.bystanders import Bystander, bystanders, consequences, left_dead, naming
from task_deployer.plan import Action, Change, Plan, keeping, plan_down
from task_deployer.records import Origin, Record
from task_deployer.resources.base import Address
from task_deployer.resources.notification_document import Entry, merge
from task_deployer.resources.notifications import SeenNotifications
from tests.builders import ACCOUNT, LINEAGE, bucket_table, recorded, resources_of
from tests.seen import as_wanted

DATA = "media-data"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:media-dev-ingest"
THEIRS = Entry("theirs", "arn:aws:sqs:eu-central-1:123456789012:theirs", ("s3:ObjectCreated:*",), "in/")
DOCUMENT, BUCKET = Address(f"notifications.{DATA}"), Address("bucket.ingest.uploads")


def deployed(root: Path, origin: Origin, *foreign: Entry) -> tuple[Mapping[Address, Record], Mapping[Address, object]]:
    """One task on one bucket, ours or not, in whose notifications others have these entries."""
    existing = "existing = true\n" if origin is Origin.ADOPTED else ""
    wanted = resources_of(root, bucket_table(f'name = "{DATA}"\n{existing}')).values()
    records, seen = recorded(*wanted), {resource.address: as_wanted(resource) for resource in wanted}
    records[BUCKET] = replace(records[BUCKET], origin=origin)
    document = seen[DOCUMENT]
    assert isinstance(document, SeenNotifications)
    merged = merge(document.document, [*document.ours.values(), *foreign], ())
    return records, {**seen, DOCUMENT: replace(document, document=merged)}


def reason_of(plan: Plan, address: str) -> str:
    """Why a change of the plan is made."""
    return next(change.reason for change in plan.changes if change.address == address)


def test_what_others_listen_by_goes_with_our_bucket(tmp_path: Path) -> None:
    """An entry of others in a bucket that is deleted is named, with its destination, in plan and question."""
    records, seen = deployed(tmp_path, Origin.CREATED, THEIRS)
    plan = plan_down(records, seen, LINEAGE)
    found = bystanders(plan, seen, records, ACCOUNT)
    assert found == (Bystander(DATA, THEIRS, BUCKET, stays=False),)
    assert str(THEIRS) in reason_of(naming(plan, found), BUCKET)
    assert f"lost with it: {THEIRS} in {DATA}" in consequences(found)
    assert list(left_dead(found)) == []


@pytest.mark.parametrize("version", ["", ":live"])
def test_what_goes_to_our_function_is_left_dead(tmp_path: Path, version: str) -> None:
    """An entry of others that goes to a function that is deleted, or to a version of it, is named with the way out."""
    manual = replace(THEIRS, id="manual", destination=FUNCTION + version)
    records, seen = deployed(tmp_path, Origin.ADOPTED, manual, THEIRS)
    plan = plan_down(records, seen, LINEAGE)
    found = bystanders(plan, seen, records, ACCOUNT)
    assert found == (Bystander(DATA, manual, Address("function.ingest"), stays=True),)
    assert "manual" in reason_of(naming(plan, found), "function.ingest")
    assert f"left dead: {manual} in {DATA}" in consequences(found)
    (warning,) = left_dead(found)
    assert (warning.code, warning.address) == ("left-dead", DOCUMENT)
    assert "remove it" in warning.message


def test_what_stays_concerns_nobody(tmp_path: Path) -> None:
    """Where the bucket stays and the entry goes elsewhere, or the bucket is gone already, there is nothing to tell."""
    records, seen = deployed(tmp_path, Origin.CREATED, THEIRS)
    kept = keeping(plan_down(records, seen, LINEAGE), frozenset({"bucket"}))
    assert bystanders(kept, seen, records, ACCOUNT) == ()
    gone = plan_down(records, {**seen, BUCKET: None}, LINEAGE)
    assert bystanders(gone, seen, records, ACCOUNT) == ()
    assert consequences(()) == ""
    assert naming(kept, ()) == kept


def test_our_own_entries_are_no_bystanders(tmp_path: Path) -> None:
    """Entries that are recorded as ours are not somebody's, also where this run is not about them."""
    records, seen = deployed(tmp_path, Origin.CREATED)
    document = seen[DOCUMENT]
    assert isinstance(document, SeenNotifications)
    plan = Plan((Change(BUCKET, "bucket", Action.DELETE),))
    assert bystanders(plan, {**seen, DOCUMENT: replace(document, ours={})}, records, ACCOUNT) == ()
