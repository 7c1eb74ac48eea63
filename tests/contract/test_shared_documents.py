"""Documents that belong to all who have entries in them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.resources import Notifications
from task_deployer.resources.base import joined
from task_deployer.resources.cors import Cors, CorsRule
from task_deployer.resources.notification_document import Entry
from tests.aws import Fault, answering, new_name, watched
from tests.contract.life import Sample
from tests.contract.samples import sample
from tests.contract.wishes import bucket, cors, function, notifications
from tests.invariants import assert_absent, assert_in_sync

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import NotificationConfigurationResponseTypeDef

NO_BUCKET = Fault(404, "NoSuchBucket", "The specified bucket does not exist")
CREATED = ("s3:ObjectCreated:*",)


def _unable(destination: str) -> Fault:
    return Fault(
        400,
        "InvalidArgument",
        "Unable to validate the following destination configurations",
        {
            "ArgumentName1": f"{destination}, null",
            "ArgumentValue1": f"Not authorized to invoke function [{destination}]",
        },
    )


def _document(aws: Aws, wanted: Notifications) -> "NotificationConfigurationResponseTypeDef":
    return aws.s3.get_bucket_notification_configuration(Bucket=wanted.bucket.name)


def test_our_own_destination_is_waited_for(aws: Aws) -> None:
    """S3 sees a fresh permission some seconds late: as long as it names our function, the write is tried again."""
    wanted = sample(aws, "notifications").wanted
    assert isinstance(wanted, Notifications)
    ours = _unable(wanted.entries[0].destination)
    with answering(aws, "PutBucketNotificationConfiguration", ours, ours):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_dead_destination_of_others_is_named_at_once(aws: Aws) -> None:
    """Another entry whose function is gone makes S3 refuse ours; it is named, also where its name begins like ours."""
    wanted = sample(aws, "notifications").wanted
    assert isinstance(wanted, Notifications)
    theirs = wanted.entries[0].destination + "-of-others"
    with (
        watched(aws) as asked,
        answering(aws, "PutBucketNotificationConfiguration", _unable(theirs)),
        pytest.raises(ResourceError) as caught,
    ):
        wanted.create(aws)
    assert theirs in caught.value.summary
    assert 1 == asked.count("PutBucketNotificationConfiguration")


def test_capitals_and_eventbridge_survive_the_write(aws: Aws) -> None:
    """S3 gives filters back as `Prefix`, and EventBridge as an empty value: both are written back as they were read."""
    wanted = sample(aws, "notifications").wanted
    assert isinstance(wanted, Notifications)
    theirs = function(aws, f"{wanted.bucket.name}-theirs")
    entry = Entry("theirs", theirs.arn(aws.account), CREATED, prefix="out/")
    _subscribe_others(aws, wanted, theirs.name, entry)
    before = _document(aws, wanted)
    wanted.create(aws)
    after = _document(aws, wanted)
    assert "'Name': 'Prefix'" in str(before["LambdaFunctionConfigurations"])
    assert before["LambdaFunctionConfigurations"] == after["LambdaFunctionConfigurations"][:1]
    assert {} == after["EventBridgeConfiguration"]


def _subscribe_others(aws: Aws, wanted: Notifications, name: str, entry: Entry) -> None:
    theirs = function(aws, name)
    for needed in (theirs.role, theirs):
        needed.create(aws)
    aws.lambda_.add_permission(
        FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    aws.s3.put_bucket_notification_configuration(
        Bucket=wanted.bucket.name,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [entry.render()],  # type: ignore[list-item]  # an entry
            "EventBridgeConfiguration": {},
        },
    )


READS = {
    "notifications": "GetBucketNotificationConfiguration",
    "bucket_tags": "GetBucketTagging",
    "lifecycle": "GetBucketLifecycleConfiguration",
}
"""What reads the document of each sample; that of any other one is CORS rules."""


@pytest.mark.parametrize("which", [*READS, "cors, on another's bucket"])
def test_a_read_that_fails_is_never_written_back_as_empty(aws: Aws, which: str) -> None:
    """Where the read before a write says NoSuchBucket, a delay, it is repeated: what others have there is kept."""
    life = sample(aws, which)
    assert life.foreign
    life.foreign.put()
    before = life.foreign.read()
    read = READS.get(which, "GetBucketCors")
    with answering(aws, read, NO_BUCKET):
        life.wanted.create(aws)
    assert before == life.foreign.read()
    assert_in_sync(aws, life.wanted)


@pytest.mark.parametrize("which", [*READS, "cors, on another's bucket"])
def test_a_forbidden_read_writes_nothing(aws: Aws, which: str) -> None:
    """Where the read before a write is refused, nothing is written."""
    life = sample(aws, which)
    read = READS.get(which, "GetBucketCors")
    forbidden = Fault(403, "AccessDenied", "Access Denied")
    with watched(aws) as asked, answering(aws, read, forbidden), pytest.raises(ClientError):
        life.wanted.create(aws)
    assert [] == asked.mutating


def test_a_rule_no_longer_wanted_leaves_anothers_bucket(aws: Aws) -> None:
    """On somebody else's bucket a rule of ours that the config dropped goes with the update, and theirs stay."""
    name = new_name()
    two = Cors(name, bucket(name), (_rule(f"{name}-1"), _rule(f"{name}-2")), shared=True)
    one = Cors(name, bucket(name), (_rule(f"{name}-1"),), shared=True)
    bucket(name).create(aws)
    theirs = {"ID": "theirs", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    aws.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [theirs]})  # type: ignore[list-item]  # a rule
    two.create(aws)
    seen = Cors.observe(aws, joined(one.identity, two.identity))
    assert seen is not None
    assert one.diff(seen)
    one.update(aws, seen)
    assert ["theirs", f"{name}-1"] == [rule.get("ID") for rule in aws.s3.get_bucket_cors(Bucket=name)["CORSRules"]]


def _rule(rule_id: str) -> CorsRule:
    return CorsRule(rule_id, ("https://app.example.com",), ("GET",))


def test_rules_of_others_on_a_bucket_of_ours_are_drift(aws: Aws) -> None:
    """The whole document of our own bucket is ours: a rule that others add is named, and goes."""
    wanted = cors(new_name(), shared=False)
    wanted.bucket.create(aws)
    wanted.create(aws)
    rules = [*aws.s3.get_bucket_cors(Bucket=wanted.bucket.name)["CORSRules"], _rule("theirs").render()]
    aws.s3.put_bucket_cors(Bucket=wanted.bucket.name, CORSConfiguration={"CORSRules": rules})
    seen = Cors.observe(aws, wanted.identity)
    assert seen is not None
    assert ["CORSRules[2]"] == [difference.path for difference in wanted.diff(seen)]
    wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


def test_a_rule_of_ours_bears_our_id(aws: Aws) -> None:
    """The id says whose a rule is: one that says what is wanted under another id is written once, and then left."""
    wanted = cors(new_name(), shared=False)
    wanted.bucket.create(aws)
    replace(wanted, rules=(replace(wanted.rules[0], id="former-1"),)).create(aws)
    seen = Cors.observe(aws, wanted.identity)
    assert seen is not None
    (difference,) = wanted.diff(seen)
    assert ("CORSRules[1].ID", wanted.rules[0].id, "former-1") == (
        difference.path,
        difference.wanted,
        difference.found,
    )
    wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


def test_no_rules_are_a_wish_too(aws: Aws) -> None:
    """Without rules of ours on our own bucket, those that others add are named and go; none there is as wanted."""
    wanted = replace(cors(new_name(), shared=False), rules=())
    wanted.bucket.create(aws)
    assert wanted.wants_nothing
    rules = [_rule("theirs").render()]
    aws.s3.put_bucket_cors(Bucket=wanted.bucket.name, CORSConfiguration={"CORSRules": rules})
    seen = Cors.observe(aws, wanted.identity)
    assert seen is not None
    assert ["CORSRules[1]"] == [difference.path for difference in wanted.diff(seen)]
    wanted.update(aws, seen)
    assert Cors.observe(aws, wanted.identity) is None


def test_an_overlap_is_told_before_anything_is_written(aws: Aws) -> None:
    """Which of our entries S3 would refuse, and because of which other one, is said from what was read."""
    wanted = notifications(aws, new_name())
    wanted.bucket.create(aws)
    function_of_others = f"{wanted.bucket.name}-theirs"
    entry = Entry("theirs", function(aws, function_of_others).arn(aws.account), CREATED, prefix="in/")
    _subscribe_others(aws, wanted, function_of_others, entry)
    (refusal,) = wanted.refusals(wanted.observe(aws, wanted.identity), ())
    assert wanted.entries[0].id in refusal.what
    assert "theirs" in refusal.what


def test_an_entry_of_others_with_our_id_is_told_and_survives(aws: Aws) -> None:
    """An entry with an id of ours that invokes another function is foreign: told by name, never replaced or removed."""
    wanted = notifications(aws, new_name())
    Sample(wanted).prepare(aws)
    theirs = f"{wanted.bucket.name}-theirs"
    entry = Entry(wanted.entries[0].id, function(aws, theirs).arn(aws.account), CREATED, prefix="out/")
    _subscribe_others(aws, wanted, theirs, entry)
    before = _document(aws, wanted)["LambdaFunctionConfigurations"]
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    assert seen.absent
    (refusal,) = wanted.refusals(seen, ())
    assert f"{entry.id} (" in refusal.what
    assert theirs in refusal.what
    with watched(aws) as asked:
        with pytest.raises(SafetyError):
            wanted.create(aws)
        wanted.delete(aws, wanted.identity)
    assert [] == asked.mutating
    assert before == _document(aws, wanted)["LambdaFunctionConfigurations"]


def test_eventbridge_alone_is_a_wish(aws: Aws) -> None:
    """A document in which only EventBridge is wished for is put once, is then as wanted, and keeps it when ours go."""
    wanted = replace(notifications(aws, new_name()), entries=(), eventbridge=True)
    wanted.bucket.create(aws)
    assert_absent(aws, wanted)
    wanted.create(aws)
    assert_in_sync(aws, wanted)
    wanted.delete(aws, wanted.identity)
    assert {} == _document(aws, wanted)["EventBridgeConfiguration"]


def test_eventbridge_that_somebody_took_out_is_drift(aws: Aws) -> None:
    """Where EventBridge is wished for and off, the difference is named and mended, and our entries stay."""
    wanted = sample(aws, "notifications").wanted
    assert isinstance(wanted, Notifications)
    wanted.create(aws)
    both = replace(wanted, eventbridge=True)
    seen = both.observe(aws, both.identity)
    assert seen is not None
    assert ["EventBridgeConfiguration"] == [difference.path for difference in both.diff(seen)]
    both.update(aws, seen)
    assert_in_sync(aws, both)
