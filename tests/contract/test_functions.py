"""A function between its states: Lambda works on after its answer, and hides what the caller may not see."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.model import OperationModel

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.resources import Function
from task_deployer.retry import Patience
from task_deployer.uploads import LARGE
from tests.aws import Fault, Given, answering, response, watched
from tests.contract.samples import sample
from tests.contract.wishes import archive
from tests.invariants import assert_in_sync


@pytest.fixture
def wanted(aws: Aws) -> Function:
    """A function about to be made."""
    made = sample(aws, "function").wanted
    assert isinstance(made, Function)
    return made


def _state(state: str, update: str = "Successful", reason: str = "") -> Given:
    body = {"State": state, "LastUpdateStatus": update, "StateReason": reason, "LastUpdateStatusReason": reason}
    return Given(200, body=json.dumps(body))


def test_create_waits_until_the_function_is_active(aws: Aws, wanted: Function) -> None:
    """Lambda answers CreateFunction while the function is Pending; create returns when it no longer is."""
    pending = _state("Pending")
    with watched(aws) as asked, answering(aws, "GetFunctionConfiguration", pending, pending):
        wanted.create(aws)
    assert 3 == asked.count("GetFunctionConfiguration")


def test_a_function_that_cannot_be_made_ready_says_why(aws: Aws, wanted: Function) -> None:
    """Where the last change ended as Failed, Lambda's own reason is told."""
    failed = _state("Active", "Failed", "no such layer")
    with answering(aws, "GetFunctionConfiguration", failed), pytest.raises(ResourceError, match="no such layer"):
        wanted.create(aws)


@pytest.mark.parametrize("status", ["Pending", "InProgress"])
def test_what_is_only_under_way_is_waited_for_and_not_written(aws: Aws, wanted: Function, status: str) -> None:
    """A function that an earlier run left unsettled, and that is as wanted, needs no upload."""
    wanted.create(aws)
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    unsettled = replace(seen, status=status)
    assert ["Status"] == [difference.path for difference in wanted.diff(unsettled)]
    with watched(aws) as asked:
        wanted.update(aws, unsettled)
    assert ["GetFunctionConfiguration"] == asked.operations


def test_a_failed_update_is_written_again(aws: Aws, wanted: Function) -> None:
    """After a failed update the old code runs, though the new one's hash is shown: it is uploaded again."""
    wanted.create(aws)
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    with watched(aws) as asked:
        wanted.update(aws, replace(seen, status="Failed"))
    assert ["UpdateFunctionCode"] == asked.mutating
    assert_in_sync(aws, wanted)


def test_a_change_of_the_code_uploads_nothing_else(aws: Aws, wanted: Function) -> None:
    """What is as wanted is not sent again: even an update that changes nothing makes Lambda work."""
    wanted.create(aws)
    seen = wanted.observe(aws, wanted.identity)
    assert seen is not None
    with watched(aws) as asked:
        replace(wanted, memory_mb=1024).update(aws, seen)
    assert ["UpdateFunctionConfiguration"] == asked.mutating


@pytest.mark.parametrize(
    ("hidden", "right"),
    [
        ({"Configuration": {"FunctionName": "f", "Environment": {"Error": {"ErrorCode": "X"}}}}, "kms:Decrypt"),
        ({"Configuration": {"FunctionName": "f"}, "TagsError": {"ErrorCode": "X", "Message": "no"}}, "lambda:ListTags"),
    ],
)
def test_what_lambda_hides_is_unknown(aws: Aws, wanted: Function, hidden: object, right: str) -> None:
    """GetFunction answers 200 also where it leaves the variables or the tags out: neither is taken for empty."""
    with answering(aws, "GetFunction", Given(200, body=json.dumps(hidden))), pytest.raises(ResourceError) as caught:
        wanted.observe(aws, wanted.identity)
    assert right in caught.value.hint


TOO_LITTLE = Fault(
    400,
    "InvalidParameterValueException",
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
    "minimum value of [10].",
)


def test_a_small_account_that_can_reserve_nothing_is_told(aws: Aws, wanted: Function) -> None:
    """The refusal names the key to change and the quota; the function is made, and the next run asks for that alone."""
    reserving = replace(wanted, reserved_concurrency=5)
    with answering(aws, "PutFunctionConcurrency", TOO_LITTLE), pytest.raises(ResourceError) as caught:
        reserving.create(aws)
    assert f"too little concurrency left to reserve 5 for the function {wanted.name}" in caught.value.summary
    assert "minimum value of [10]" in caught.value.detail
    named = ("reserved_concurrency", "Concurrent executions", "Service Quotas")
    assert all(words in caught.value.hint for words in named)
    assert_in_sync(aws, wanted)
    seen = reserving.observe(aws, reserving.identity)
    assert seen is not None
    with watched(aws) as asked:
        reserving.update(aws, seen)
    assert ["PutFunctionConcurrency"] == asked.mutating
    assert_in_sync(aws, reserving)


def test_a_refused_reservation_keeps_nothing_else_back(aws: Aws, wanted: Function) -> None:
    """All else that an update changes is changed where the reservation is refused, and the former one stays."""
    replace(wanted, reserved_concurrency=2).create(aws)
    more = replace(wanted, reserved_concurrency=50, memory_mb=256, tags={**wanted.tags, "team": "content"})
    seen = more.observe(aws, more.identity)
    assert seen is not None
    with answering(aws, "PutFunctionConcurrency", TOO_LITTLE), pytest.raises(ResourceError):
        more.update(aws, seen)
    assert_in_sync(aws, replace(more, reserved_concurrency=2))


NOT_FOUND = Fault(404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:1:function:f")


def test_a_new_function_waits_to_be_seen_for_its_reservation(aws: Aws, wanted: Function) -> None:
    """Right after CreateFunction another of Lambda's places may not know the function, although it is active."""
    reserving = replace(wanted, reserved_concurrency=5)
    with answering(aws, "PutFunctionConcurrency", NOT_FOUND, NOT_FOUND):
        reserving.create(aws)
    assert_in_sync(aws, reserving)


@pytest.mark.parametrize(
    "operation",
    [
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "TagResource",
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
    ],
)
def test_a_new_function_waits_to_be_seen_for_a_change(aws: Aws, wanted: Function, operation: str) -> None:
    """A function that an earlier run made a moment ago may not be found by what changes it."""
    replace(wanted, reserved_concurrency=3).create(aws)
    reserved = None if operation == "DeleteFunctionConcurrency" else 5
    other = archive("def handler(event, context): return 1")
    more = replace(wanted, archive=other, memory_mb=256, tags={**wanted.tags, "team": "video"})
    more = replace(more, reserved_concurrency=reserved)
    seen = more.observe(aws, more.identity)
    assert seen is not None
    with answering(aws, operation, NOT_FOUND, NOT_FOUND):
        more.update(aws, seen)
    assert_in_sync(aws, more)


def test_a_function_that_is_gone_needs_no_waiting(aws: Aws, wanted: Function) -> None:
    """What a deletion does not find is deleted."""
    with watched(aws) as asked:
        wanted.delete(aws, wanted.identity)
    assert ["DeleteFunction"] == asked.operations


def test_the_clients_send_so(aws: Aws) -> None:
    """A package goes to Lambda as a file: its size is not bound by what the line takes within one time-out."""
    bodies: list[object] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        bodies.append(request.body)
        return response(request.url, 200, {}, "{}")

    event = "before-send"
    aws.lambda_.meta.events.register_last(event, keep)  # type: ignore[arg-type]  # the stubs know no listener that answers
    try:
        aws.lambda_.update_function_code(FunctionName="f", ZipFile=bytes(100_000))
    finally:
        aws.lambda_.meta.events.unregister(event, keep)  # type: ignore[arg-type]  # the same
    assert [True] == [hasattr(body, "read") for body in bodies]


def upload(aws: Aws, wanted: Function) -> None:
    """Make the function, or bring it in line if it is there."""
    seen = wanted.observe(aws, wanted.identity)
    if seen is None:
        wanted.create(aws)
    else:
        wanted.update(aws, seen)


@contextmanager
def hearing(aws: Aws, event: str, listener: Callable[..., object]) -> Iterator[None]:
    """Let a listener hear of an event of Lambda's client."""
    aws.lambda_.meta.events.register(event, listener)  # type: ignore[arg-type]  # the stubs know each event's own
    try:
        yield
    finally:
        aws.lambda_.meta.events.unregister(event, listener)  # type: ignore[arg-type]  # the same


def large(wanted: Function) -> Function:
    """The same with an archive that the line takes a while for."""
    return replace(wanted, archive=archive(f"content = '{os.urandom(LARGE // 2).hex()}'"))


@pytest.mark.parametrize("operation", ["CreateFunction", "UpdateFunctionCode"])
def test_a_large_archive_is_signed_when_its_turn_has_come(aws: Aws, wanted: Function, operation: str) -> None:
    """While another upload is under way nothing is signed for this one; then it goes."""
    if operation == "UpdateFunctionCode":
        wanted.create(aws)
    signed, told, turn = list[str](), list[str](), ExitStack()
    turn.enter_context(aws.uploads.turn(aws.patience, "media-dev-other", LARGE))

    def tell(reason: str) -> None:
        told.append(reason)
        assert operation not in signed
        turn.close()

    def note(operation_name: str, **_: object) -> None:
        signed.append(operation_name)

    waiting = aws.waiting_with(Patience(tell=tell, sleep=lambda _: None))
    with hearing(aws, "before-sign", note), ThreadPoolExecutor(1) as pool:
        pool.submit(upload, waiting, large(wanted)).result()
    assert ["the upload of media-dev-other to end"] == told
    assert 1 == signed.count(operation)


@pytest.mark.parametrize("operation", ["CreateFunction", "UpdateFunctionCode"])
def test_a_large_archive_leaves_the_line_before_it_is_answered(aws: Aws, wanted: Function, operation: str) -> None:
    """Once all of it was sent the next upload begins: what Lambda makes of it keeps nobody from the line."""
    if operation == "UpdateFunctionCode":
        wanted.create(aws)
    begun: list[str] = []

    def begin() -> None:
        with aws.uploads.turn(Patience(tell=pytest.fail), "media-dev-next", LARGE):
            begun.append("media-dev-next")

    def answered(operation_model: OperationModel, **_: object) -> None:
        if operation_model.name == operation:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(begin).result()

    with hearing(aws, "before-parse.lambda", answered):
        upload(aws, large(wanted))
    assert ["media-dev-next"] == begun
