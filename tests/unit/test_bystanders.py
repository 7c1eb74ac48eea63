from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from task_deployer.bystanders import Bystander, bystanders, consequences, left_dead, naming
from task_deployer.plan import Action, Change, Plan, keeping, plan_down
from task_deployer.records import Origin, Record
from task_deployer.resources.base import Address
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.notification_document import Entry, merge
from task_deployer.resources.notifications import SeenNotifications
from tests.builders import ACCOUNT, LINEAGE, bucket_table, recorded, resources_of
from tests.seen import as_wanted

DATA, BASE = "media-data", "media-dev"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:media-dev-ingest"
THEIRS = Entry("theirs", "arn:aws:sqs:eu-central-1:123456789012:theirs", ("s3:ObjectCreated:*",), "in/")
CORS = Address("cors.ingest.uploads")
RULE = 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]'
DOCUMENT, BUCKET = Address(f"notifications.{DATA}"), Address("bucket.ingest.uploads")


def deployed(
    root: Path, origin: Origin, *foreign: Entry, cors: str = ""
) -> tuple[Mapping[Address, Record], Mapping[Address, object]]:
    """One task on one bucket, ours or not, in whose notifications others have these entries."""
    existing = "existing = true\n" if origin is Origin.ADOPTED else ""
    wanted = resources_of(root, bucket_table(f'name = "{DATA}"\n{existing}{cors}')).values()
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
    found = bystanders(plan, seen, records, ACCOUNT, BASE)
    assert found == (Bystander(DATA, str(THEIRS), BUCKET),)
    assert str(THEIRS) in reason_of(naming(plan, found), BUCKET)
    assert f"lost with it: {THEIRS} in {DATA}" in consequences(found)
    assert list(left_dead(found)) == []


@pytest.mark.parametrize("version", ["", ":live"])
def test_what_goes_to_our_function_is_left_dead(tmp_path: Path, version: str) -> None:
    """An entry of others that goes to a function that is deleted, or to a version of it, is named with the way out."""
    manual = replace(THEIRS, id="manual", destination=FUNCTION + version)
    records, seen = deployed(tmp_path, Origin.ADOPTED, manual, THEIRS)
    plan = plan_down(records, seen, LINEAGE)
    found = bystanders(plan, seen, records, ACCOUNT, BASE)
    assert found == (Bystander(DATA, str(manual), Address("function.ingest"), stays=True),)
    assert "manual" in reason_of(naming(plan, found), "function.ingest")
    assert f"left dead: {manual} in {DATA}" in consequences(found)
    (warning,) = left_dead(found)
    assert (warning.code, warning.address) == ("left-dead", DOCUMENT)
    assert "remove it" in warning.message


def test_cors_rules_of_others_go_with_our_bucket(tmp_path: Path) -> None:
    """A CORS rule with no id of ours in a bucket that is deleted is named in plan and question; ours is not."""
    records, seen = deployed(tmp_path, Origin.CREATED)
    ours = seen[CORS]
    assert isinstance(ours, SeenCors)
    theirs = {"ID": "shop", "AllowedMethods": ["PUT", "GET"], "AllowedOrigins": ["https://shop.example.com"]}
    nameless = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    seen = {**seen, CORS: replace(ours, rules=(*ours.rules, theirs, nameless))}
    plan = plan_down(records, seen, LINEAGE)
    found = bystanders(plan, seen, records, ACCOUNT, BASE)
    words = ["CORS rule shop (GET PUT from https://shop.example.com)", "a CORS rule without an id (GET from *)"]
    assert [Bystander(DATA, word, BUCKET, listens=False) for word in words] == [*found]
    assert f"takes along what is not ours: {words[0]}" in reason_of(naming(plan, found), BUCKET)
    lost = f" What others allow web pages is lost with it: {words[0]} in {DATA}, {words[1]} in {DATA}."
    assert (lost, []) == (consequences(found), [*left_dead(found)])
    kept = keeping(plan, frozenset({"bucket"}))
    assert () == bystanders(kept, seen, records, ACCOUNT, BASE)


def test_cors_rules_beside_ours_in_a_bucket_of_others_stay(tmp_path: Path) -> None:
    """In a bucket that is not ours nothing goes but our own rules: there is nothing to tell."""
    records, seen = deployed(tmp_path, Origin.ADOPTED, cors=RULE)
    plan = plan_down(records, seen, LINEAGE)
    assert CORS in {change.address for change in plan.pending}
    assert () == bystanders(plan, seen, records, ACCOUNT, BASE)


def test_what_stays_concerns_nobody(tmp_path: Path) -> None:
    """Where the bucket stays and the entry goes elsewhere, or the bucket is gone already, there is nothing to tell."""
    records, seen = deployed(tmp_path, Origin.CREATED, THEIRS)
    kept = keeping(plan_down(records, seen, LINEAGE), frozenset({"bucket"}))
    assert bystanders(kept, seen, records, ACCOUNT, BASE) == ()
    gone = plan_down(records, {**seen, BUCKET: None}, LINEAGE)
    assert bystanders(gone, seen, records, ACCOUNT, BASE) == ()
    assert consequences(()) == ""
    assert naming(kept, ()) == kept


def test_our_own_entries_are_no_bystanders(tmp_path: Path) -> None:
    """Entries that are recorded as ours are not somebody's, also where this run is not about them."""
    records, seen = deployed(tmp_path, Origin.CREATED)
    document = seen[DOCUMENT]
    assert isinstance(document, SeenNotifications)
    plan = Plan((Change(BUCKET, "bucket", Action.DELETE),))
    assert bystanders(plan, {**seen, DOCUMENT: replace(document, ours={})}, records, ACCOUNT, BASE) == ()
