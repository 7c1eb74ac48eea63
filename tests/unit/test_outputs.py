from pathlib import Path

from task_deployer.outputs import outputs_of
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT, INGEST, bucket_table, resources_of


def test_the_shape_of_the_outputs(tmp_path: Path) -> None:
    """The outputs are those of the contract, told from kind and identity alone."""
    things = {r.address: (r.kind, r.identity) for r in resources_of(tmp_path).values()}
    bucket = "media-dev-ingest-uploads-123456789012-eu-central-1"
    failures, orders = "media-dev-ingest-failures", "media-dev-orders.fifo"
    arn, url = "arn:aws:sqs:eu-central-1:123456789012", "https://sqs.eu-central-1.amazonaws.com/123456789012"
    assert outputs_of(things, ACCOUNT) == {
        "tasks": {
            "ingest": {
                "function": {
                    "name": "media-dev-ingest",
                    "arn": "arn:aws:lambda:eu-central-1:123456789012:function:media-dev-ingest",
                },
                "role": {
                    "name": "media-dev-ingest-eu-central-1",
                    "arn": "arn:aws:iam::123456789012:role/media-dev-ingest-eu-central-1",
                },
                "log_group": "/aws/lambda/media-dev-ingest",
                "failure_queue": {"name": failures, "arn": f"{arn}:{failures}", "url": f"{url}/{failures}"},
                "buckets": {"uploads": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}},
            }
        },
        "command_topics": {"orders": {"name": orders, "arn": f"{arn}:{orders}", "url": f"{url}/{orders}"}},
    }


def test_a_queue_of_events_is_its_buckets(tmp_path: Path) -> None:
    """The queue that a bucket's events wait in is offered beside the bucket, and is no command topic."""
    made = resources_of(tmp_path, bucket_table('delivery = "queue"')).values()
    outputs = outputs_of({r.address: (r.kind, r.identity) for r in made}, ACCOUNT)
    name = "media-dev-ingest-uploads-events"
    buckets = outputs["tasks"]["ingest"]["buckets"]
    assert isinstance(buckets, dict)
    assert {
        "name": name,
        "arn": f"arn:aws:sqs:eu-central-1:123456789012:{name}",
        "url": f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}",
    } == buckets["uploads"]["event_queue"]
    assert {} == outputs["command_topics"]


def test_a_role_with_a_path(tmp_path: Path) -> None:
    """The path of a role is part of its ARN and not of its name."""
    tables = INGEST.replace("command_topics = [", 'role_path = "/apps/"\ncommand_topics = [')
    role = resources_of(tmp_path, tables)["role.ingest"]
    assert outputs_of({role.address: (role.kind, role.identity)}, ACCOUNT)["tasks"]["ingest"]["role"] == {
        "name": "media-dev-ingest-eu-central-1",
        "arn": "arn:aws:iam::123456789012:role/apps/media-dev-ingest-eu-central-1",
    }


def test_buckets_of_several_tasks(tmp_path: Path) -> None:
    """Each task has its own buckets, existing ones too."""
    tables = bucket_table('existing = true\nname = "theirs"', "one") + bucket_table("", "two", "in")
    things = {r.address: (r.kind, r.identity) for r in resources_of(tmp_path, tables).values() if r.kind == "bucket"}
    assert outputs_of(things, ACCOUNT)["tasks"] == {
        "one": {"buckets": {"uploads": {"name": "theirs", "arn": "arn:aws:s3:::theirs"}}},
        "two": {
            "buckets": {
                "in": {
                    "name": "media-dev-two-in-123456789012-eu-central-1",
                    "arn": "arn:aws:s3:::media-dev-two-in-123456789012-eu-central-1",
                }
            }
        },
    }


def test_nothing_has_empty_outputs() -> None:
    """A stack of nothing has both tables, empty; a thing that offers nothing adds nothing."""
    things = {Address("lifecycle.a.b"): ("lifecycle", {"bucket": "b"})}
    assert outputs_of(things, ACCOUNT) == {"tasks": {}, "command_topics": {}}


def test_a_queue_whose_bucket_moved_offers_no_bucket(tmp_path: Path) -> None:
    """A queue of events that outlived the record of its bucket, until `up` deletes it, makes no bucket of its own."""
    made = resources_of(tmp_path, bucket_table('delivery = "queue"')).values()
    things = {r.address: (r.kind, r.identity) for r in made if r.kind != "bucket"}
    task = outputs_of(things, ACCOUNT)["tasks"]["ingest"]
    assert "buckets" not in task
    assert "function" in task
