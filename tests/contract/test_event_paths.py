"""What AWS answers on the way from a bucket to a function: late, with failures inside a 200, or for somebody else."""

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.forbidden import ForbiddenError
from task_deployer.resources import EventRule, EventSource, Queue
from task_deployer.resources.outgoing_queue import OutgoingQueue
from task_deployer.retry import Patience
from task_deployer.throttle import Pace, persistently
from tests.aws import Fault, Given, answering, losing_the_answer, new_name, watched
from tests.contract.life import Sample
from tests.contract.samples import sample
from tests.contract.wishes import event_rule, event_source, function
from tests.invariants import assert_absent, assert_in_sync

INVALID = "InvalidParameterValueException"
MAY_NOT_READ = Fault(
    400, INVALID, "The provided execution role does not have permissions to call ReceiveMessage on SQS"
)
TOO_SHORT = Fault(400, INVALID, "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds")
NOT_ASSUMED = Fault(400, INVALID, "The role defined for the function cannot be assumed by Lambda.")
NO_FUNCTION = Fault(400, INVALID, "Function does not exist")
NOT_FOUND = Fault(404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:1:function:f")
NOT_TRUSTED = Fault(400, INVALID, "Please add Lambda as a Trusted Entity for arn:aws:iam::000000000000:role/f")
HAS_TARGETS = Fault(400, "ValidationException", "Rule can't be deleted since it has targets.")
IN_USE = Fault(400, "ResourceInUseException", "Cannot delete the event source mapping because it is in use.")
TAKEN = Fault(409, "ResourceConflictException", 'The event source arn (" q ") and function (" f ") provided mapping '
              "already exists. Please update or delete the existing mapping with UUID 1")  # fmt: skip


def rule(aws: Aws) -> EventRule:
    """A rule about to be made."""
    wanted = event_rule(aws, new_name())
    Sample(wanted).prepare(aws)
    return wanted


def source(aws: Aws) -> EventSource:
    """A mapping about to be made."""
    wanted = event_source(aws, new_name())
    Sample(wanted).prepare(aws)
    return wanted


def failed(code: str, words: str) -> Given:
    """A 200 in which our target failed."""
    entry = {"TargetId": "function", "ErrorCode": code, "ErrorMessage": words}
    return Given(200, body=json.dumps({"FailedEntryCount": 1, "FailedEntries": [entry]}))


LASTING = failed("ManagedRuleException", "it is another's")


def test_a_target_that_is_refused_is_told(aws: Aws) -> None:
    """PutTargets answers 200 with the failures in it: each is an error with EventBridge's own reason."""
    wanted = rule(aws)
    with answering(aws, "PutTargets", LASTING), pytest.raises(ResourceError) as caught:
        wanted.create(aws)
    assert f"EventBridge refuses the target function of the rule {wanted.name}" == caught.value.summary
    assert ("ManagedRuleException", "it is another's") == (caught.value.code, caught.value.detail)


def test_a_target_that_stays_is_told(aws: Aws) -> None:
    """RemoveTargets too answers 200 with the failures in it: the rule is not deleted then, and stays on record."""
    wanted = rule(aws)
    wanted.create(aws)
    with watched(aws) as asked, answering(aws, "RemoveTargets", LASTING), pytest.raises(ResourceError) as caught:
        wanted.delete(aws, wanted.identity)
    assert f"EventBridge does not remove the target function from the rule {wanted.name}" == caught.value.summary
    assert 0 == asked.count("DeleteRule")


@pytest.mark.parametrize("operation", ["PutTargets", "RemoveTargets"])
def test_a_target_that_fails_because_of_others_is_tried_again(aws: Aws, operation: str) -> None:
    """A change that collides with another one may be told inside of a 200, and passes by itself as well."""
    wanted, busy = rule(aws), failed("ConcurrentModificationException", "too many requests at the same time")
    with watched(aws) as asked, answering(aws, operation, busy, busy):
        wanted.create(aws)
        assert_in_sync(aws, wanted)
        wanted.delete(aws, wanted.identity)
    assert 3 == asked.count(operation)
    assert_absent(aws, wanted)


def test_a_target_that_fails_for_good_because_of_others_is_told(aws: Aws) -> None:
    """After a minute the collision is told as EventBridge's own error, so that the rule stays on record."""
    wanted, busy = rule(aws), failed("ConcurrentModificationException", "too many requests at the same time")
    slow = aws.waiting_with(replace(aws.patience, now=iter(range(0, 10**6, 40)).__next__))
    with answering(aws, "PutTargets", *[busy] * 3), pytest.raises(ClientError, match="too many requests"):
        wanted.create(slow)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalException"])
def test_a_target_for_which_eventbridge_has_no_time_is_tried_again(aws: Aws, code: str) -> None:
    """Throttling and an error of EventBridge's own inside of a 200 are what they are anywhere: reasons to try again."""
    wanted = rule(aws)
    with answering(aws, "PutTargets", failed(code, "try again")):
        persistently(aws.patience, Pace(), "events", lambda: wanted.create(aws))
    assert_in_sync(aws, wanted)


def test_a_rule_with_targets_of_others_stays_for_them(aws: Aws) -> None:
    """EventBridge deletes no rule that has targets: ours goes, theirs stay with the rule, and that is told."""
    wanted = rule(aws)
    wanted.create(aws)
    theirs = {"Id": "theirs", "Arn": aws.account.arn("sqs", "theirs")}
    aws.events.put_targets(Rule=wanted.name, Targets=[theirs])  # type: ignore[list-item]  # Id and Arn
    told: list[Remark] = []
    caring = aws.caring_with(Care(tell=told.append))
    wanted.delete(caring, wanted.identity)
    assert [theirs] == aws.events.list_targets_by_rule(Rule=wanted.name)["Targets"]
    assert ["rule-left"] == [remark.code for remark in told]
    with watched(aws) as asked:
        wanted.delete(aws, wanted.identity)
    assert [] == asked.mutating
    aws.events.remove_targets(Rule=wanted.name, Ids=["theirs"])
    wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)


def test_a_target_that_is_seen_after_it_went_is_waited_for(aws: Aws) -> None:
    """DeleteRule may see our target for a while after RemoveTargets took it away."""
    wanted = rule(aws)
    wanted.create(aws)
    with answering(aws, "DeleteRule", HAS_TARGETS, HAS_TARGETS):
        wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)


def test_a_target_that_others_add_meanwhile_keeps_the_rule(aws: Aws) -> None:
    """A target of others that comes between our look and DeleteRule is left with the rule at the next try, and told."""
    wanted = rule(aws)
    wanted.create(aws)
    told: list[Remark] = []

    def add(_: float) -> None:
        theirs = {"Id": "theirs", "Arn": aws.account.arn("sqs", "theirs")}
        aws.events.put_targets(Rule=wanted.name, Targets=[theirs])  # type: ignore[list-item]  # Id and Arn

    caring = aws.caring_with(Care(tell=told.append)).waiting_with(Patience(sleep=add))
    with watched(aws) as asked, answering(aws, "DeleteRule", HAS_TARGETS):
        wanted.delete(caring, wanted.identity)
    assert (1, ["rule-left"]) == (asked.count("DeleteRule"), [remark.code for remark in told])


def test_a_rule_that_never_seems_empty_is_told(aws: Aws) -> None:
    """After two minutes the refusal is told as EventBridge's own, so that the rule stays on record."""
    wanted = rule(aws)
    wanted.create(aws)
    slow = aws.waiting_with(replace(aws.patience, now=iter(range(0, 10**6, 60)).__next__))
    with answering(aws, "DeleteRule", *[HAS_TARGETS] * 3), pytest.raises(ClientError, match="has targets"):
        wanted.delete(slow, wanted.identity)


@pytest.mark.parametrize("operation", ["PutRule", "PutTargets", "RemoveTargets", "DeleteRule"])
def test_changes_of_a_rule_that_collide_are_repeated(aws: Aws, operation: str) -> None:
    """ConcurrentModificationException passes by itself."""
    wanted, busy = rule(aws), Fault(400, "ConcurrentModificationException", "Rule is being modified")
    if operation.startswith("Put"):
        with answering(aws, operation, busy):
            wanted.create(aws)
        assert_in_sync(aws, wanted)
    else:
        wanted.create(aws)
        with answering(aws, operation, busy):
            wanted.delete(aws, wanted.identity)
        assert_absent(aws, wanted)


def test_a_rule_that_is_not_seen_yet_is_waited_for(aws: Aws) -> None:
    """Right after PutRule another of EventBridge's places may not know the rule."""
    wanted = rule(aws)
    with answering(aws, "PutTargets", Fault(400, "ResourceNotFoundException", "Rule does not exist")):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_rule_of_others_is_never_written_over(aws: Aws) -> None:
    """PutRule replaces whatever bears the name; one that appeared between our look and our call stays as it is."""
    wanted = rule(aws)
    aws.events.put_rule(Name=wanted.name, ScheduleExpression="rate(1 day)")
    with watched(aws) as asked, pytest.raises(SafetyError):
        wanted.create(aws)
    assert [] == asked.mutating


def test_a_rule_that_was_half_made_is_completed(aws: Aws) -> None:
    """A create that died between rule and target is done by the next one, and by no more calls than that takes."""
    wanted = rule(aws)
    wanted.create(aws)
    aws.events.remove_targets(Rule=wanted.name, Ids=["function"])
    with watched(aws) as asked:
        wanted.create(aws)
    assert ["PutTargets"] == asked.mutating
    assert_in_sync(aws, wanted)


def test_a_target_that_changes_the_event_is_drift(aws: Aws) -> None:
    """An input that somebody gave our target would hide the event from the runtime: it is named, and goes."""
    wanted = rule(aws)
    wanted.create(aws)
    aws.events.put_targets(Rule=wanted.name, Targets=[{"Id": "function", "Arn": wanted.function_arn, "Input": "{}"}])
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    assert ["Target"] == [difference.path for difference in wanted.diff(seen)]
    wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


@pytest.mark.parametrize(
    "refusal",
    [MAY_NOT_READ, NOT_ASSUMED, TOO_SHORT, NO_FUNCTION, NOT_FOUND, NOT_TRUSTED],
    ids=["policy", "role", "visibility", "function", "function by its code", "trust"],
)
def test_a_mapping_waits_for_what_lambda_sees_late(aws: Aws, refusal: Fault) -> None:
    """Function, role, policy and the queue's attributes take seconds to be effective, and nothing else shows when."""
    wanted = source(aws)
    with answering(aws, "CreateEventSourceMapping", refusal, refusal):
        wanted.create(aws)
    assert_in_sync(aws, wanted)


def test_a_mapping_whose_answer_was_lost_is_done(aws: Aws) -> None:
    """The repeated create meets its own first success: one mapping of these two ends is all there can be."""
    wanted = source(aws)
    with watched(aws) as asked, losing_the_answer(aws, "CreateEventSourceMapping"):
        wanted.create(aws)
    assert 2 == asked.count("CreateEventSourceMapping")
    assert_in_sync(aws, wanted)


def test_a_mapping_on_its_way_out_is_waited_for(aws: Aws) -> None:
    """One that is being deleted is absent, and still stands in the way of a new one of this pair for a while."""
    wanted = source(aws)
    with answering(aws, "CreateEventSourceMapping", TAKEN, TAKEN):
        wanted.create(aws)
    assert_in_sync(aws, wanted)
    going = {"UUID": "1", "State": "Deleting"}
    with answering(aws, "ListEventSourceMappings", Given(200, body=json.dumps({"EventSourceMappings": [going]}))):
        assert wanted.observe(aws, wanted.identity) is None


@pytest.mark.parametrize("state", ["Creating", "Enabling", "Updating"])
def test_a_mapping_is_waited_for(aws: Aws, state: str) -> None:
    """Lambda works on after its answer; only an enabled mapping reads the queue."""
    wanted = source(aws)
    begun = Given(200, body=json.dumps({"State": state}))
    with watched(aws) as asked, answering(aws, "GetEventSourceMapping", begun, begun):
        wanted.create(aws)
    assert 3 == asked.count("GetEventSourceMapping")


def test_a_mapping_that_never_settles_is_told(aws: Aws) -> None:
    """After five minutes the run goes no further there, and says how to go on."""
    wanted = source(aws)
    slow = replace(aws, patience=replace(aws.patience, now=iter(range(0, 10**6, 100)).__next__))
    begun = Given(200, body=json.dumps({"State": "Creating"}))
    with answering(aws, "GetEventSourceMapping", *[begun] * 4), pytest.raises(ResourceError) as caught:
        wanted.create(slow)
    assert "NotSettled" == caught.value.code


def test_a_mapping_in_use_is_tried_again(aws: Aws) -> None:
    """While one change is under way, Lambda refuses the next; deletions end when the mapping is gone."""
    wanted = source(aws)
    wanted.create(aws)
    (found,) = aws.lambda_.list_event_source_mappings(FunctionName=wanted.function.name)["EventSourceMappings"]
    aws.lambda_.update_event_source_mapping(UUID=found["UUID"], BatchSize=1)
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    with answering(aws, "UpdateEventSourceMapping", IN_USE):
        wanted.update(aws, seen)
    assert_in_sync(aws, wanted)
    still = Given(200, body=json.dumps({"State": "Deleting"}))
    with (
        watched(aws) as asked,
        answering(aws, "DeleteEventSourceMapping", IN_USE),
        answering(aws, "GetEventSourceMapping", still),
    ):
        wanted.delete(aws, wanted.identity)
    assert 2 == asked.count("GetEventSourceMapping")
    assert_absent(aws, wanted)


def test_a_refusal_that_does_not_pass_is_no_absence(aws: Aws) -> None:
    """A list of mappings that may not be read is never taken for an empty one."""
    wanted = source(aws)
    forbidden = Fault(403, "AccessDeniedException", "no")
    with answering(aws, "ListEventSourceMappings", forbidden), pytest.raises(ClientError):
        wanted.observe(aws, wanted.identity)
    with answering(aws, "DescribeRule", forbidden), pytest.raises(ClientError):
        EventRule.observe(aws, {"rule": "any"})


def test_a_longer_timeout_waits_for_the_queue(aws: Aws) -> None:
    """Lambda compares a new timeout with the queue's visibility timeout, which SQS takes up to a minute to change."""
    wanted = source(aws)
    wanted.create(aws)
    longer = replace(function(aws, wanted.function.name), timeout_seconds=120)
    seen = longer.observe(aws, longer.identity)
    assert seen is not None
    with answering(aws, "UpdateFunctionConfiguration", TOO_SHORT, TOO_SHORT):
        longer.update(aws, seen)
    assert_in_sync(aws, longer)


def outgoing(wanted: EventSource) -> OutgoingQueue:
    """The queue of a mapping, about to go, that is to hide messages for 12 minutes until then."""
    return OutgoingQueue(wanted.queue.url, wanted.queue.arn, 720)


def test_a_queue_that_goes_is_widened_before_the_function(aws: Aws) -> None:
    """A function of a longer timeout waits until Lambda sees that a queue that goes hides messages for long enough."""
    wanted = source(aws)
    wanted.create(aws)
    longer = replace(function(aws, wanted.function.name), timeout_seconds=720, outgoing=(outgoing(wanted),))
    seen = longer.observe(aws, longer.identity)
    assert seen is not None
    with answering(aws, "UpdateFunctionConfiguration", TOO_SHORT, TOO_SHORT):
        longer.update(aws, seen)
    assert_in_sync(aws, longer)
    found = wanted.queue.observe(aws, wanted.queue.identity)
    assert found is not None
    assert 720 == found.visibility_seconds


def test_a_queue_that_is_gone_needs_no_widening(aws: Aws) -> None:
    """A queue that somebody deleted since it was seen stands in nobody's way."""
    wanted = event_source(aws, new_name())
    with watched(aws) as asked:
        outgoing(wanted).widen(aws)
    assert ["SetQueueAttributes"] == asked.operations


def test_a_queue_that_may_not_be_widened_is_named(aws: Aws) -> None:
    """A missing right is told with the queue's ARN, although it is the function that is changed."""
    wanted = source(aws)
    forbidden = Fault(403, "AccessDenied", "Access to the resource is denied.")
    with answering(aws, "SetQueueAttributes", forbidden), pytest.raises(ForbiddenError) as caught:
        outgoing(wanted).widen(aws)
    assert f"sqs:SetQueueAttributes on {wanted.queue.arn}" in caught.value.summary


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "InvalidAttributeValue",
        "AWS.SimpleQueueService.InvalidAttributeValue",
    ],
)
@pytest.mark.parametrize("operation", ["CreateQueue", "SetQueueAttributes"])
def test_a_queue_waits_until_its_dead_letters_have_a_place(aws: Aws, operation: str, code: str) -> None:
    """SQS may not see a new queue yet where another one is made, or changed, to send its dead letters there."""
    wanted = sample(aws, "queue, of events").wanted
    assert isinstance(wanted, Queue)
    redrive = wanted.attributes["RedrivePolicy"]
    text = f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
    refusal = Fault(400, code, text)
    if operation == "CreateQueue":
        with answering(aws, operation, refusal, refusal):
            wanted.create(aws)
    else:
        bare = replace(wanted, attributes={**wanted.attributes, "RedrivePolicy": ""})
        bare.create(aws)
        seen = wanted.observe(aws, wanted.identity)
        assert seen is not None
        with answering(aws, operation, refusal, refusal):
            wanted.update(aws, seen)
    assert_in_sync(aws, wanted)


def test_a_redrive_policy_that_is_wrong_is_told_at_once(aws: Aws) -> None:
    """Nothing else that SQS says of an attribute passes by itself."""
    wanted = sample(aws, "queue, of events").wanted
    wrong = Fault(400, "InvalidParameterValue", "Value 0 for parameter maxReceiveCount is invalid.")
    with watched(aws) as asked, answering(aws, "CreateQueue", wrong), pytest.raises(ClientError, match="maxReceive"):
        wanted.create(aws)
    assert 1 == asked.count("CreateQueue")


def test_one_policy_in_two_spellings_is_one(aws: Aws) -> None:
    """SQS gives a policy back as it was written, by whoever: another spelling is no drift, and what is, is named."""
    wanted = sample(aws, "queue, of events").wanted
    assert isinstance(wanted, Queue)
    wanted.create(aws)
    document = json.loads(wanted.attributes["Policy"])
    (statement,) = document["Statement"]
    same = {"Statement": {**statement, "Action": ["sqs:SendMessage"]}, "Version": document["Version"]}
    aws.sqs.set_queue_attributes(QueueUrl=wanted.url, Attributes={"Policy": json.dumps(same, indent=1)})
    assert_in_sync(aws, wanted)
    wide = {**document, "Statement": [{**statement, "Principal": "*"}]}
    aws.sqs.set_queue_attributes(QueueUrl=wanted.url, Attributes={"Policy": json.dumps(wide)})
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    assert ["Policy.Statement.AllowS3Send"] == [difference.path for difference in wanted.diff(seen)]
    auditor = {"Sid": "auditor", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    shared = {**document, "Statement": [statement, auditor]}
    aws.sqs.set_queue_attributes(QueueUrl=wanted.url, Attributes={"Policy": json.dumps(shared)})
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    (difference,) = wanted.diff(seen)
    assert ("Policy.Statement.auditor", None) == (difference.path, difference.wanted)


GONE = Fault(404, "ResourceNotFoundException", "Function does not exist")


def test_a_mapping_of_no_function_is_absent(aws: Aws) -> None:
    """Lambda may refuse to look for mappings of a function that is not there: then there is none, for `down` too."""
    wanted = source(aws)
    with answering(aws, "ListEventSourceMappings", GONE):
        assert_absent(aws, wanted)
    with answering(aws, "ListEventSourceMappings", GONE):
        wanted.delete(aws, wanted.identity)


def test_a_mapping_that_outlived_its_function_goes(aws: Aws) -> None:
    """A mapping stays when its function is deleted, and is found among those of the queue."""
    wanted = source(aws)
    wanted.create(aws)
    other = replace(wanted, function=replace(wanted.function, name=f"{wanted.function.name}-other"))
    with answering(aws, "ListEventSourceMappings", GONE):
        assert_absent(aws, other)
    with answering(aws, "ListEventSourceMappings", GONE):
        wanted.delete(aws, wanted.identity)
    assert_absent(aws, wanted)
