"""What plain moto does with roles, queues, log groups and calls at large where AWS does otherwise, row by row."""

import json
from contextlib import closing

import boto3
import pytest

from tests.faults.moto_today.plain import Moto, code_of, error_of
from tests.integration.account import ID, Account
from tests.integration.project import REGION


def allowing(*resources: str) -> str:
    """A policy that allows to read these."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_row_5_an_answer_is_never_lost(moto: Moto) -> None:
    """Row 5: who repeats a create meets the first one's work, which was answered.

    AWS: its answer may have been lost.
    """
    moto.role()
    assert ("EntityAlreadyExists", f"Role with name {moto.name} already exists.") == error_of(moto.role)


def test_row_6_what_was_done_outlives_the_client(moto: Moto) -> None:
    """Row 6: what one client did, another one finds when the first is gone; so it is at AWS, where clients die."""
    first = Account(moto.endpoint_url)
    first.queue(moto.name)
    first.close()
    assert moto.account.sqs.get_queue_url(QueueName=moto.name)["QueueUrl"].endswith(moto.name)


def test_row_10_a_queues_name_is_free_at_once(moto: Moto) -> None:
    """Row 10: a queue is gone at once and may be made again at once.

    AWS: shown for up to 60 s, QueueDeletedRecently.
    """
    sqs, url = moto.account.sqs, moto.queue()
    sqs.delete_queue(QueueUrl=url)
    assert "AWS.SimpleQueueService.NonExistentQueue" == code_of(lambda: sqs.get_queue_url(QueueName=moto.name))
    assert url == moto.queue()


def test_row_11_nobody_is_throttled(moto: Moto) -> None:
    """Row 11: a burst of 40 changes is taken.

    AWS: Throttling, TooManyRequestsException, SlowDown, RequestThrottled.
    """
    moto.role()
    for number in range(40):
        moto.account.iam.tag_role(RoleName=moto.name, Tags=[{"Key": "n", "Value": str(number)}])
    assert [{"Key": "n", "Value": "39"}] == moto.account.iam.list_role_tags(RoleName=moto.name)["Tags"]


def test_row_16_no_log_group_comes_by_itself(moto: Moto) -> None:
    """Row 16: a function leaves no log group behind.

    AWS: logs that come late make one, without retention and tags.
    """
    moto.function()
    moto.account.lambda_.delete_function(FunctionName=moto.name)
    found = moto.account.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{moto.name}")
    assert [] == found["logGroups"]


def test_row_16_a_log_group_is_made_once(moto: Moto) -> None:
    """Row 16: a group that is there is ResourceAlreadyExistsException; at AWS too, where Lambda may be first."""
    moto.account.logs.create_log_group(logGroupName=moto.name)
    again = error_of(lambda: moto.account.logs.create_log_group(logGroupName=moto.name))
    assert ("ResourceAlreadyExistsException", "The specified log group already exists") == again


def test_row_17_a_replaced_role_is_as_good_as_the_old_one(moto: Moto) -> None:
    """Row 17: a role made anew leaves its function and the policies that name it as they were.

    AWS: dead, and AROA ids.
    """
    iam, s3 = moto.account.iam, moto.account.s3
    arn = moto.function()["Role"]
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:GetObject", "Resource": "*"}
    s3.put_bucket_policy(Bucket=moto.bucket(), Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    old = iam.get_role(RoleName=moto.name)["Role"]["RoleId"]
    iam.delete_role(RoleName=moto.name)
    moto.role()
    assert old != iam.get_role(RoleName=moto.name)["Role"]["RoleId"]
    assert "Active" == moto.configuration()["State"]
    shown = json.loads(s3.get_bucket_policy(Bucket=moto.name)["Policy"])
    assert {"AWS": arn} == shown["Statement"][0]["Principal"]


def test_row_18_an_empty_role_goes_at_once(moto: Moto) -> None:
    """Row 18: DeleteConflict holds for as long as there is a policy, and not longer.

    AWS: for a minute after.
    """
    iam = moto.account.iam
    moto.role()
    iam.put_role_policy(RoleName=moto.name, PolicyName="p", PolicyDocument=allowing("*"))
    refused = error_of(lambda: iam.delete_role(RoleName=moto.name))
    assert ("DeleteConflict", "Cannot delete entity, must delete policies first.") == refused
    iam.delete_role_policy(RoleName=moto.name, PolicyName="p")
    iam.delete_role(RoleName=moto.name)
    assert "NoSuchEntity" == code_of(lambda: iam.get_role(RoleName=moto.name))


def test_row_21_what_was_made_is_found_at_once(moto: Moto) -> None:
    """Row 21: role, function and queue are found right after their creation.

    AWS: the 404s, for up to 5 s.
    """
    moto.function()
    url = moto.queue()
    assert moto.name == moto.account.iam.get_role(RoleName=moto.name)["Role"]["RoleName"]
    assert moto.name == moto.configuration()["FunctionName"]
    assert url == moto.account.sqs.get_queue_url(QueueName=moto.name)["QueueUrl"]


@pytest.mark.parametrize("token", [None, "that has ended"], ids=["row 23", "row 28"])
def test_rows_23_and_28_anybody_may_do_anything(moto: Moto, token: str | None) -> None:
    """Rows 23 and 28: keys that nobody has, and a token that has ended, make queues.

    AWS: AccessDenied, ExpiredToken.
    """
    session = boto3.Session("nobody", "wrong", token, region_name=REGION)
    with (
        closing(session.client("sqs", endpoint_url=moto.endpoint_url)) as sqs,
        closing(session.client("sts", endpoint_url=moto.endpoint_url)) as sts,
    ):
        assert sqs.create_queue(QueueName=moto.name)["QueueUrl"].endswith(moto.name)
        assert ID == sts.get_caller_identity()["Account"]


def test_row_25_an_inline_policy_has_no_limit(moto: Moto) -> None:
    """Row 25: an inline policy of 20 kB is taken.

    AWS: LimitExceeded over 10,240 characters.
    """
    moto.role()
    policy = allowing(*(f"arn:aws:s3:::b{number}" for number in range(1000)))
    assert len(policy) > 20_000
    moto.account.iam.put_role_policy(RoleName=moto.name, PolicyName="p", PolicyDocument=policy)
    assert ["p"] == moto.account.iam.list_role_policies(RoleName=moto.name)["PolicyNames"]


def test_row_25_any_concurrency_may_be_reserved(moto: Moto) -> None:
    """Row 25: 5,000 executions are reserved.

    AWS: 400 where less than 100 (10 in a new account) would stay unreserved.
    """
    moto.function()
    answer = moto.account.lambda_.put_function_concurrency(FunctionName=moto.name, ReservedConcurrentExecutions=5000)
    assert 5000 == answer["ReservedConcurrentExecutions"]


def test_row_25_any_retention_is_taken(moto: Moto) -> None:
    """Row 25: logs are kept for 8 days.

    AWS: InvalidParameterException for what is not in its list.
    """
    moto.account.logs.create_log_group(logGroupName=moto.name)
    moto.account.logs.put_retention_policy(logGroupName=moto.name, retentionInDays=8)
    found = moto.account.logs.describe_log_groups(logGroupNamePrefix=moto.name)["logGroups"]
    assert [8] == [group["retentionInDays"] for group in found]


def test_row_25_role_names_differ_in_case_alone(moto: Moto) -> None:
    """Row 25: two roles whose names differ in case alone are two.

    AWS: EntityAlreadyExists.
    """
    moto.role()
    large = moto.named(moto.name.upper())
    assert large.role() != moto.account.iam.get_role(RoleName=moto.name)["Role"]["Arn"]


def test_row_25_large_environments_are_taken(moto: Moto) -> None:
    """Row 25: an environment of 5 kB is taken.

    AWS: InvalidParameterValueException over 4 kB, which repeats all of it.
    """
    moto.function()
    updated = moto.account.lambda_.update_function_configuration(
        FunctionName=moto.name, Environment={"Variables": {"A": "x" * 5000}}
    )
    assert 5000 == len(updated["Environment"]["Variables"]["A"])


def test_row_26_one_large_entry_fails_the_batch(moto: Moto) -> None:
    """Row 26: an entry over the queue's own limit fails the whole call.

    AWS: 200, the others sent, that one in `Failed`.
    """
    sqs = moto.account.sqs
    url = sqs.create_queue(QueueName=moto.name, Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    entries = [{"Id": "small", "MessageBody": "x"}, {"Id": "large", "MessageBody": "x" * 2000}]
    assert "InvalidParameterValue" == code_of(lambda: sqs.send_message_batch(QueueUrl=url, Entries=entries))  # type: ignore[arg-type]  # entries
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries[:1])  # type: ignore[arg-type]  # entries
    assert [] == answer.get("Failed", [])


def test_row_27_an_attribute_is_read_at_once(moto: Moto) -> None:
    """Row 27: a queue's attribute is read right after it is set.

    AWS: the old one, for up to 60 s.
    """
    sqs, url = moto.account.sqs, moto.queue()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert {"VisibilityTimeout": "77"} == found["Attributes"]
