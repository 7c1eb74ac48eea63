"""A bucket that stays and is forgotten: what of ours goes on deleting its objects is told, with the way to stop it."""

import json
from typing import Final

from tests.integration.account import ID, Account
from tests.integration.project import CONFIG, REGION, Project

BUCKET: Final = f"media-dev-ingest-uploads-{ID}-{REGION}"
RULE: Final = "media-dev-ingest-uploads-expire"
EXPIRING: Final = CONFIG + "expire_days = 3\n"
STOP: Final = f"`aws s3api delete-bucket-lifecycle --bucket {BUCKET}`"


def expiries(project: Project, *words: str) -> list[str]:
    """What the command warns of."""
    found = project.succeed(*words, "--json").document["warnings"]
    told = [one for one in found if one["code"] == "still-expires"]
    assert {"lifecycle.ingest.uploads"} >= {one["address"] for one in told}
    return [one["message"] for one in told]


def test_a_bucket_that_down_keeps(project: Project, account: Account) -> None:
    """`down --keep-buckets` tells rule, days and command; used as `existing`, `doctor` tells until the rule is gone."""
    project.configure(EXPIRING)
    project.succeed("up")
    (told,) = expiries(project, "down", "--yes", "--keep-buckets")
    assert RULE in told
    assert "each object 3 days after it was written" in told
    assert STOP in told

    project.configure(CONFIG + f'name = "{BUCKET}"\nexisting = true\n')
    check = {"name": f"lifecycle.{BUCKET}", "state": "warning"}
    (found,) = [one for one in checks(project) if one["name"] == check["name"]]
    assert check.items() <= found.items()
    assert RULE in found["detail"]
    assert STOP in found["hint"]
    account.s3.delete_bucket_lifecycle(Bucket=BUCKET)
    assert check["name"] not in {one["name"] for one in checks(project)}


def test_a_bucket_that_up_keeps(project: Project, account: Account) -> None:
    """`up --keep-buckets` tells it of a bucket that the config drops; the command leaves rules of others."""
    project.configure(EXPIRING)
    project.succeed("up")
    rules = account.s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    keep = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "audit/"}, "Expiration": {"Days": 2555}}
    account.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [*rules, keep]})  # type: ignore[list-item]  # a plain dict
    project.configure(CONFIG.partition("[tasks.ingest.buckets")[0])
    (told,) = expiries(project, "plan", "--keep-buckets")
    assert f"aws s3api put-bucket-lifecycle-configuration --bucket {BUCKET}" in told
    assert f'Rules[?!contains(`["{RULE}"]`, ID)]' in told
    assert [told] == expiries(project, "up", "--yes", "--keep-buckets")
    assert [] == expiries(project, "up")


def test_a_bucket_that_is_forgotten(project: Project) -> None:
    """`state forget` tells it from the record, before it asks and after: of the bucket, and of the rules alone."""
    project.configure(EXPIRING)
    project.succeed("up")
    asked = project.run("state", "forget", "bucket.ingest.uploads")
    assert 2 == asked.code
    assert "each object 3 days after it was written" in asked.err
    (told,) = expiries(project, "state", "forget", "bucket.ingest.uploads", "--yes")
    assert STOP in told
    assert f"{RULE} with it: S3 goes on deleting" in told


def test_a_bucket_without_such_a_rule(project: Project) -> None:
    """Uploads that are cleaned away are nothing to warn of; nor is a bucket without rules."""
    project.configure(CONFIG + "abort_uploads_days = 7\n")
    project.succeed("up")
    assert [] == expiries(project, "down", "--yes", "--keep-buckets")


def checks(project: Project) -> list[dict[str, str]]:
    """What `doctor` finds."""
    found: list[dict[str, str]] = json.loads(project.run("doctor", "--json").out)["checks"]
    return found
