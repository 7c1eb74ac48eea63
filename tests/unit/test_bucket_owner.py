from pathlib import Path

import pytest

from task_deployer.bucket_owner import asking, owner_policies
from task_deployer.conflicts import Unreadable
from task_deployer.errors import ResourceError
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT, TASK, resources_of

OWNER = "210987654321"
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
ROLE = "arn:aws:iam::123456789012:role/media-dev-{}-eu-central-1"
RULE = 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]\n'


def task(name: str, mode: str, extra: str = "", bucket: str = "theirs") -> str:
    """A task that attaches to a bucket of another account."""
    return (
        f'[tasks.{name}]\n{TASK}[tasks.{name}.buckets.in]\nname = "{bucket}"\nexisting = true\nowner = "{OWNER}"\n'
        f'mode = "{mode}"\nprefix = "{name}/"\n{extra}\n'
    )


def statements(root: Path, tables: str) -> dict[str, dict[str, object]]:
    """The statements for the owner of the bucket, by id."""
    document = owner_policies(list(resources_of(root, tables).values()), ACCOUNT)["theirs"]
    listed = document["Statement"]
    assert isinstance(listed, list)
    assert all((item["Effect"], item["Principal"]) == ("Allow", ROOT) for item in listed)
    return {item["Sid"]: item for item in listed}


def test_what_the_tool_does_is_asked_for(tmp_path: Path) -> None:
    """Whoever of our account runs the tool reads the bucket's documents and writes its notifications: on the bucket."""
    found = statements(tmp_path, task("ingest", "Read"))["SetUp"]
    assert found["Resource"] == ["arn:aws:s3:::theirs"]
    assert found["Action"] == [
        "s3:ListBucket",
        "s3:GetEncryptionConfiguration",
        "s3:GetBucketVersioning",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketNotification",
        "s3:PutBucketNotification",
    ]


def test_rules_are_asked_for_where_they_are_wanted(tmp_path: Path) -> None:
    """The rights on CORS are asked for where the config has rules for the bucket, and only there."""
    cors = ["s3:GetBucketCORS", "s3:PutBucketCORS"]
    actions = statements(tmp_path, task("ingest", "Read", RULE))["SetUp"]["Action"]
    assert isinstance(actions, list)
    assert [action for action in actions if "CORS" in action] == cors


def test_each_role_may_do_what_its_mode_says(tmp_path: Path) -> None:
    """Object actions are for the roles alone whose tasks need them, told by a condition: a role need not exist yet."""
    found = statements(tmp_path, task("one", "Read") + task("two", "ReadWrite") + task("other", "Write", "", "another"))
    one, two = ROLE.format("one"), ROLE.format("two")
    assert {
        sid: (item["Action"], item["Resource"], item["Condition"]) for sid, item in found.items() if sid != "SetUp"
    } == {
        "allowLambdaReadS3": (
            ["s3:GetObject"],
            ["arn:aws:s3:::theirs/*"],
            {"ArnEquals": {"aws:PrincipalArn": [one, two]}},
        ),
        "allowLambdaListS3": (
            ["s3:ListBucket"],
            ["arn:aws:s3:::theirs"],
            {"ArnEquals": {"aws:PrincipalArn": [one, two]}},
        ),
        "allowLambdaWriteS3": (
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
            ["arn:aws:s3:::theirs/*"],
            {"ArnEquals": {"aws:PrincipalArn": [two]}},
        ),
    }


def test_our_own_accounts_buckets_ask_nobody(tmp_path: Path) -> None:
    """A bucket of our own account needs no bucket policy, also if the config names that account as its owner."""
    for owner in ("", f'owner = "{ACCOUNT.id}"\n'):
        tables = task("ingest", "Read").replace(f'owner = "{OWNER}"\n', owner)
        assert owner_policies(list(resources_of(tmp_path, tables).values()), ACCOUNT) == {}


@pytest.mark.parametrize("address", ["bucket.ingest.in", "notifications.theirs", "cors.ingest.in"])
def test_what_the_owner_refused_says_what_to_ask_for(tmp_path: Path, address: str) -> None:
    """A forbidden read of the bucket or of a document of it carries the policy to ask the owner for."""
    desired = list(resources_of(tmp_path, task("ingest", "Read", RULE)).values())
    refused = Unreadable(ResourceError("forbidden", code="403", detail="why", hint="what next"))
    told = asking(desired, {Address(address): refused, Address("role.ingest"): refused}, ACCOUNT)
    error = told[Address(address)]
    assert isinstance(error, Unreadable)
    assert (error.error.summary, error.error.code, error.error.hint) == ("forbidden", "403", "what next")
    assert error.error.detail.startswith("why\n")
    assert '"s3:PutBucketNotification"' in error.error.detail
    assert f"account {OWNER}" in error.error.detail
    assert told[Address("role.ingest")] is refused


def test_other_failures_ask_for_nothing(tmp_path: Path) -> None:
    """What is no refusal, and what was seen, stays as it is."""
    desired = list(resources_of(tmp_path, task("ingest", "Read")).values())
    seen = {Address("bucket.ingest.in"): Unreadable(ResourceError("elsewhere", code="301"))}
    assert asking(desired, seen, ACCOUNT) == seen
