from pathlib import Path

import pytest

from task_deployer.attached import Findings, aliases_of, attached_buckets, findings, key_question, noted, question_of
from task_deployer.conflicts import Unreadable
from task_deployer.encryption import Found
from task_deployer.errors import ResourceError
from task_deployer.plan import plan_up
from task_deployer.policy import Statement, merge
from task_deployer.resources.base import Address
from task_deployer.resources.bucket_traits import ACCESS_BLOCK, ENCRYPTION, MANAGED, TRAITS, VERSIONING, Trait
from task_deployer.resources.notification_document import Entry
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from tests.builders import ACCOUNT, LINEAGE, TASK, resources_of
from tests.seen import as_wanted

KEY = ACCOUNT.arn("kms", "key/1")
BUCKET, OTHERS = "arn:aws:s3:::theirs", "210987654321"
FORBIDDEN = Unreadable(ResourceError("refused", code="AccessDenied"))
Seen = dict[Address, object]


def attached(mode: str = "Read", extra: str = "") -> str:
    """A task that attaches to a bucket, and publishes to a queue of others."""
    return (
        '[command_topics.billing]\nqueue = "billing"\n'
        f'[tasks.ingest]\n{TASK}command_topics = ["billing"]\nfailure_queue = false\n'
        f'[tasks.ingest.buckets.in]\nname = "theirs"\nexisting = true\nmode = "{mode}"\nprefix = "in/"\n{extra}\n'
    )


def looked_at(
    root: Path, seen: dict[Trait | str, object], tables: str = attached(), queue: dict[str, str] | None = None
) -> Findings:
    """The findings, where all is as it should be but for `seen`: traits of the bucket, and answers by address."""
    desired = list(resources_of(root, tables).values())
    (bucket,) = attached_buckets(desired)
    answers: Seen = {question_of(trait, bucket): "" for trait in TRAITS}
    answers |= {Address("queue.billing"): SeenQueue(queue or {}, {})}
    answers |= {
        question_of(what, bucket) if isinstance(what, Trait) else Address(what): value for what, value in seen.items()
    }
    return findings(desired, answers, ACCOUNT)


def codes(found: Findings) -> list[tuple[str, str]]:
    """What is warned of, and where."""
    return [(warning.code, warning.address) for warning in found.warnings]


def test_plain_things_of_others_need_nothing(tmp_path: Path) -> None:
    """Without a key, a version or an opening there is nothing to grant, to warn of or to know."""
    assert looked_at(tmp_path, {}) == Findings(Found(), (), {})


@pytest.mark.parametrize("reference", [KEY, "1"])
def test_the_key_of_a_bucket(tmp_path: Path, reference: str) -> None:
    """The key of an existing bucket is found by its ARN or its id."""
    assert looked_at(tmp_path, {ENCRYPTION: reference}).found.keys == {BUCKET: KEY}


def test_the_key_of_a_queue(tmp_path: Path) -> None:
    """The key of a queue is among its attributes."""
    assert looked_at(tmp_path, {}, queue={"KmsMasterKeyId": "1"}).found.keys == {ACCOUNT.arn("sqs", "billing"): KEY}


def test_the_key_behind_an_alias(tmp_path: Path) -> None:
    """For an alias the key is asked for, once; until that is answered by a key there is none."""
    alias = ACCOUNT.arn("kms", "alias/mine")
    desired = list(resources_of(tmp_path, attached()).values())
    (bucket,) = attached_buckets(desired)
    queue = SeenQueue({"KmsMasterKeyId": "alias/mine"}, {})
    seen: Seen = {question_of(ENCRYPTION, bucket): "alias/mine", Address("queue.billing"): queue}
    assert aliases_of(desired, seen, ACCOUNT) == (alias,)
    seen[key_question(alias)] = KEY
    assert findings(desired, seen, ACCOUNT).found.keys == {BUCKET: KEY, ACCOUNT.arn("sqs", "billing"): KEY}
    seen[key_question(alias)] = ""  # AWS manages it
    assert findings(desired, seen, ACCOUNT).found.keys == {}


def test_keys_that_aws_manages_need_nothing_here(tmp_path: Path) -> None:
    """In our own account AWS's keys let everybody use them who may use the service: no grant, and no warning."""
    found = looked_at(tmp_path, {ENCRYPTION: MANAGED}, queue={"KmsMasterKeyId": "alias/aws/sqs"})
    assert (found.found.keys, found.warnings) == ({}, ())


def test_keys_that_aws_manages_elsewhere_can_never_be_used(tmp_path: Path) -> None:
    """A key that AWS manages in another account is warned of, on buckets and queues: no grant would help."""
    tables = attached(extra=f'owner = "{OTHERS}"').replace('"billing"\n[', f'"arn:aws:sqs:eu-central-1:{OTHERS}:b"\n[')
    found = looked_at(tmp_path, {ENCRYPTION: MANAGED}, tables, queue={"KmsMasterKeyId": "alias/aws/sqs"})
    assert codes(found) == [("unusable-key", "queue.billing"), ("unusable-key", "bucket.ingest.in")]
    assert found.found.keys == {}


def test_a_key_of_another_account_is_granted(tmp_path: Path) -> None:
    """A customer's key of the bucket's owner is granted by its ARN; a queue's id is one of the queue's account."""
    tables = attached(extra=f'owner = "{OTHERS}"').replace('"billing"\n[', f'"arn:aws:sqs:eu-central-1:{OTHERS}:b"\n[')
    theirs = f"arn:aws:kms:eu-central-1:{OTHERS}:key/1"
    found = looked_at(tmp_path, {ENCRYPTION: theirs}, tables, queue={"KmsMasterKeyId": "1"})
    assert found.found.keys == {BUCKET: theirs, f"arn:aws:sqs:eu-central-1:{OTHERS}:b": theirs}
    assert found.warnings == ()


def test_unknown_encryption_takes_no_grant_away(tmp_path: Path) -> None:
    """Encryption that cannot be read is unknown, never none: a warning, and the role's grants on keys stay."""
    policy = merge([Statement("AllowLambdaUseKMS", ("kms:Decrypt",), (KEY,))])
    found = looked_at(tmp_path, {ENCRYPTION: FORBIDDEN, "role_policy.ingest": policy})
    assert codes(found) == [("encryption-unknown", "bucket.ingest.in")]
    assert "s3:GetEncryptionConfiguration" in found.warnings[0].message
    assert found.found.kept == {"ingest": {KEY: frozenset({"kms:Decrypt"})}}


def test_an_unknown_alias_takes_no_grant_away(tmp_path: Path) -> None:
    """An alias whose key cannot be read is told with the action that is missing, and nothing is taken away."""
    policy = merge([Statement("AllowLambdaUseKMS", ("kms:Decrypt",), (KEY,))])
    seen: dict[Trait | str, object] = {key_question(ACCOUNT.arn("kms", "alias/mine")): FORBIDDEN}
    found = looked_at(tmp_path, {**seen, "role_policy.ingest": policy}, queue={"KmsMasterKeyId": "alias/mine"})
    assert codes(found) == [("encryption-unknown", "queue.billing")]
    assert "kms:DescribeKey" in found.warnings[0].message
    assert found.found.kept == {"ingest": {KEY: frozenset({"kms:Decrypt"})}}


def test_a_queue_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A queue whose attributes are refused may be encrypted: that is said, with the action."""
    found = looked_at(tmp_path, {"queue.billing": FORBIDDEN})
    assert codes(found) == [("encryption-unknown", "queue.billing")]
    assert "sqs:GetQueueAttributes" in found.warnings[0].message


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_versions_of_others_can_be_read(tmp_path: Path, status: str) -> None:
    """A bucket that is versioned, or was, holds versions: the role of its readers may read them."""
    assert looked_at(tmp_path, {VERSIONING: status}).found.versioned == {BUCKET}


def test_unknown_versioning_takes_no_right_away(tmp_path: Path) -> None:
    """Versioning that cannot be read is warned of where it is read, and a right to versions that is there stays."""
    policy = merge([Statement("allowLambdaReadS3Versions", ("s3:GetObjectVersion",), (f"{BUCKET}/*",))])
    found = looked_at(tmp_path, {VERSIONING: FORBIDDEN, "role_policy.ingest": policy})
    assert codes(found) == [("versioning-unknown", "bucket.ingest.in")]
    assert "s3:GetBucketVersioning" in found.warnings[0].message
    assert found.found.versioned == {BUCKET}
    assert looked_at(tmp_path, {VERSIONING: FORBIDDEN}).found.versioned == set()


def test_suspended_versioning_is_warned_of_where_it_is_read(tmp_path: Path) -> None:
    """Suspended versioning matters to who reads; a task that only writes is not bothered with it."""
    assert codes(looked_at(tmp_path, {VERSIONING: "Suspended"})) == [("versioning-suspended", "bucket.ingest.in")]
    assert codes(looked_at(tmp_path, {VERSIONING: "Suspended"}, attached("Write"))) == []
    assert codes(looked_at(tmp_path, {VERSIONING: FORBIDDEN}, attached("Write"))) == []


def test_an_open_bucket_is_warned_of(tmp_path: Path) -> None:
    """A public access block that is not on in all parts is warned of with those that are off; unknown is a note."""
    found = looked_at(tmp_path, {ACCESS_BLOCK: "BlockPublicAcls"})
    assert codes(found) == [("public-access", "bucket.ingest.in")]
    assert "(off: BlockPublicAcls)" in found.warnings[0].message
    unknown = looked_at(tmp_path, {ACCESS_BLOCK: FORBIDDEN})
    assert unknown.warnings == ()
    assert "s3:GetBucketPublicAccessBlock" in unknown.notes[Address("bucket.ingest.in")]


def test_what_else_is_in_the_bucket_is_told_in_the_plan(tmp_path: Path) -> None:
    """Versions, EventBridge and entries of others are no warnings: the plan tells them with the bucket."""
    theirs = Entry("theirs", ACCOUNT.arn("lambda", "function:theirs"), ("s3:ObjectRestore:*",)).render()
    document = {"LambdaFunctionConfigurations": [theirs], "EventBridgeConfiguration": {}}
    found = looked_at(
        tmp_path, {VERSIONING: "Enabled", "notifications.theirs": SeenNotifications(document, {})}, attached()
    )
    assert found.warnings == ()
    desired = [r for r in resources_of(tmp_path, attached()).values() if r.kind == "bucket"]
    plan = plan_up(desired, {r.address: as_wanted(r) for r in desired}, {}, LINEAGE)
    assert [change.reason for change in noted(plan, found.notes).changes] == [
        "not ours: used, never changed; it is versioned, its EventBridge is on, notification entries of others: 1"
    ]
