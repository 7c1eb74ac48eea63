"""What is in the way of emptying a bucket: what S3 puts off or refuses, what XML cannot carry, who goes on writing."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from task_deployer.aws import Aws, connect
from task_deployer.errors import Interrupted, ResourceError
from task_deployer.in_flight import InFlight, Lookout, working_for
from task_deployer.resources import Bucket
from task_deployer.retry import Patience
from tests.aws import REGION, Fault, Given, access, answering, clients, new_name, watched
from tests.contract.wishes import bucket

UNTIL = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
DENIED = Fault(403, "AccessDenied", "not for you")


@pytest.fixture
def three(aws: Aws) -> Bucket:
    """A bucket with three objects, and no versioning."""
    made = bucket(new_name())
    made.create(aws)
    for key in ("a", "b", "c"):
        aws.s3.put_object(Bucket=made.name, Key=key, Body=b"")
    return made


@pytest.fixture
def locked(aws: Aws) -> Iterator[Bucket]:
    """A bucket that takes object locks, with one object that a test puts a hold or a lock on."""
    made = bucket(new_name())
    configuration = {"LocationConstraint": made.region}
    aws.s3.create_bucket(
        Bucket=made.name,
        CreateBucketConfiguration=configuration,  # type: ignore[arg-type]  # a region
        ObjectLockEnabledForBucket=True,
    )
    aws.s3.put_object(Bucket=made.name, Key="it's kept", Body=b"")
    yield made
    aws.s3.put_object_legal_hold(Bucket=made.name, Key="it's kept", LegalHold={"Status": "OFF"})


@contextmanager
def calling(aws: Aws, event: str, listener: Callable[..., object]) -> Iterator[None]:
    """Call this at each such event of S3's client; what it gives back is no answer."""

    def listen(**given: object) -> None:
        listener(**given)

    aws.s3.meta.events.register(event, listen)
    try:
        yield
    finally:
        aws.s3.meta.events.unregister(event, listen)


def put_off(*keys: str) -> Given:
    """A 200 of DeleteObjects that puts these keys off, and has deleted the others."""
    errors = "".join(f"<Error><Key>{key}</Key><Code>SlowDown</Code></Error>" for key in keys)
    return Given(200, body=f"<DeleteResult>{errors}</DeleteResult>")


def refused(aws: Aws, full: Bucket) -> ResourceError:
    """Empty a bucket, which has to fail."""
    with pytest.raises(ResourceError) as caught:
        Bucket.empty(aws, full.identity)
    return caught.value


def test_only_what_was_put_off_is_asked_for_again(aws: Aws, three: Bucket) -> None:
    """Of a batch, only the keys that S3 put off are in the next call."""
    asked: list[list[str]] = []

    def note(params: dict[str, dict[str, list[dict[str, str]]]], **_: object) -> None:
        asked.append([item["Key"] for item in params["Delete"]["Objects"]])

    with (
        calling(aws, "before-parameter-build.s3.DeleteObjects", note),
        answering(aws, "DeleteObjects", put_off("a", "c"), put_off("c")),
    ):
        Bucket.empty(aws, three.identity)
    assert [["a", "b", "c"], ["a", "c"], ["c"]] == asked[:3]


def test_s3_that_never_stops_putting_off_is_told(aws: Aws, three: Bucket) -> None:
    """After a minute the error names what is left, and says that the next run goes on."""
    pauses: list[float] = []
    with answering(aws, "DeleteObjects", *[put_off("b")] * 6):
        error = refused(aws.waiting_with(Patience(sleep=pauses.append)), three)
    assert ("SlowDown", 63) == (error.code, sum(pauses))
    assert "'b'" in error.detail
    assert "goes on" in error.hint


def test_what_is_gone_by_itself_is_no_error(aws: Aws, three: Bucket) -> None:
    """A version that somebody else deleted meanwhile is done."""
    gone = "<DeleteResult><Error><Key>a</Key><Code>NoSuchVersion</Code></Error></DeleteResult>"
    with answering(aws, "DeleteObjects", Given(200, body=gone)):
        Bucket.empty(aws, three.identity)
    assert not Bucket.count(aws, three.identity)


def test_only_keys_that_xml_cannot_carry_go_one_by_one(aws: Aws, three: Bucket) -> None:
    """A key with a control character has a call of its own; the others of its page go in one."""
    versions = "".join(f"<Version><Key>{key}</Key><VersionId>null</VersionId></Version>" for key in ("a%01", "b", "c"))
    listing = f"<ListVersionsResult><EncodingType>url</EncodingType>{versions}</ListVersionsResult>"
    asked: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        asked.append(params["Key"])

    with (
        answering(aws, "ListObjectVersions", Given(200, body=listing)),
        calling(aws, "before-parameter-build.s3.DeleteObject", note),
        watched(aws) as calls,
    ):
        Bucket.empty(aws, three.identity)
    assert ["a\x01"] == asked
    assert 2 == calls.count("DeleteObjects"), "b and c; then a, which the listing did not show"


def test_uploads_of_any_key_are_aborted(aws: Aws, three: Bucket) -> None:
    """Keys of uploads are read as S3 writes them into URLs, page by page, and aborted as they are."""

    def page(key: str, more: str) -> Given:
        upload = f"<Upload><Key>{key}</Key><UploadId>u</UploadId></Upload>"
        marker = f"<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
        inside = f"<EncodingType>url</EncodingType>{marker}<IsTruncated>{more}</IsTruncated>{upload}"
        return Given(200, body=f"<ListMultipartUploadsResult>{inside}</ListMultipartUploadsResult>")

    aborted: list[str] = []
    markers: list[str] = []

    with (
        answering(aws, "ListMultipartUploads", page("a%01b+c", "true"), page("d", "false")),
        answering(aws, "AbortMultipartUpload", Fault(204), Fault(404, "NoSuchUpload")),
        calling(
            aws, "before-parameter-build.s3.AbortMultipartUpload", lambda params, **_: aborted.append(params["Key"])
        ),
        calling(
            aws,
            "before-parameter-build.s3.ListMultipartUploads",
            lambda params, **_: markers.append(params["KeyMarker"]),
        ),
    ):
        Bucket.empty(aws, three.identity)
    assert {"a\x01b c", "d"} == set(aborted)
    assert ["", "a\x01b c"] == markers[:2]


def test_a_legal_hold_is_told(aws: Aws, locked: Bucket) -> None:
    """The key, its version, and the command that lifts the hold are named; nothing is tried again."""
    aws.s3.put_object_legal_hold(Bucket=locked.name, Key="it's kept", LegalHold={"Status": "ON"})
    (version,) = aws.s3.list_object_versions(Bucket=locked.name)["Versions"]
    error = refused(aws, locked)
    assert "AccessDenied" == error.code
    assert "it's kept" in error.summary
    assert "legal hold is on it" in error.detail
    which = f"--bucket {locked.name} --key 'it'\"'\"'s kept' --version-id {version['VersionId']}"
    assert f"aws s3api put-object-legal-hold {which} --legal-hold Status=OFF" in error.hint


@pytest.mark.parametrize(
    ("mode", "advice"), [("GOVERNANCE", "--bypass-governance-retention"), ("COMPLIANCE", "--keep-buckets")]
)
def test_a_lock_is_told_with_its_end(aws: Aws, locked: Bucket, mode: str, advice: str) -> None:
    """An object lock is told with its mode and its end, and with what can be done about that mode."""
    retention = (
        f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{UNTIL:%Y-%m-%dT%H:%M:%SZ}</RetainUntilDate></Retention>"
    )
    refusal = (
        "<DeleteResult><Error><Key>it's kept</Key><Code>AccessDenied</Code>"
        "<Message>protected by object lock</Message></Error></DeleteResult>"
    )
    with (
        answering(aws, "DeleteObjects", Given(200, body=refusal)),
        answering(aws, "GetObjectRetention", Given(200, body=retention)),
    ):
        error = refused(aws, locked)
    assert f"holds it until 2099-01-02 03:04 UTC ({mode})" in error.detail
    assert "protected by object lock" in error.detail
    assert advice in error.hint


def test_a_lock_that_cannot_be_read_is_not_taken_for_none(aws: Aws, three: Bucket) -> None:
    """Where the rights to look are missing, that is said, and no guess is made."""
    refusal = "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    with (
        answering(aws, "DeleteObjects", Given(200, body=refusal)),
        answering(aws, "GetObjectLegalHold", DENIED),
    ):
        error = refused(aws, three)
    assert "cannot be read without the rights" in error.detail
    assert "s3:GetObjectLegalHold" in error.detail


def test_a_missing_right_is_told_from_a_lock(aws: Aws, three: Bucket) -> None:
    """Without lock and hold it is the right that lacks: it is named."""
    refusal = "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    with answering(aws, "DeleteObjects", Given(200, body=refusal)):
        error = refused(aws, three)
    assert "Neither an object lock nor a legal hold" in error.detail
    assert "s3:DeleteObjectVersion" in error.hint


def test_who_may_be_writing_is_told(aws: Aws, three: Bucket) -> None:
    """A bucket that fills again names what came last, and who is fed by its notifications."""
    theirs = aws.account.arn("sqs", f"{three.name}-theirs")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": theirs}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sqs.create_queue(QueueName=f"{three.name}-theirs", Attributes={"Policy": policy})
    aws.s3.put_bucket_notification_configuration(
        Bucket=three.name,
        NotificationConfiguration={
            "QueueConfigurations": [{"Id": "theirs", "QueueArn": theirs, "Events": ["s3:ObjectRestore:*"]}]
        },
    )
    with calling(aws, "after-call.s3.DeleteObjects", lambda **_: aws.s3.put_object(Bucket=three.name, Key="late")):
        error = refused(aws, three)
    assert "BucketNotEmpty" == error.code
    assert "Written last: 'late' at 20" in error.detail
    assert theirs in error.detail


def test_what_comes_between_the_look_and_the_deletion_goes_too(aws: Aws, three: Bucket) -> None:
    """An object that is written just before DeleteBucket is deleted with the bucket."""
    late = ["once"]

    def write(**_: object) -> None:
        if late:
            aws.s3.put_object(Bucket=three.name, Key=late.pop())

    with calling(aws, "before-call.s3.DeleteBucket", write):
        Bucket.discard(aws, three.identity)
    assert not late
    assert Bucket.observe(aws, three.identity) is None


def test_a_bucket_that_fills_before_each_deletion_is_told(aws: Aws, three: Bucket) -> None:
    """A writer who always comes between look and deletion is not fought for ever."""

    def write(**_: object) -> None:
        aws.s3.put_object(Bucket=three.name, Key="late")

    with (
        calling(aws, "before-call.s3.DeleteBucket", write),
        pytest.raises(ResourceError, match="fills as fast") as caught,
    ):
        Bucket.discard(aws, three.identity)
    assert "'late'" in caught.value.detail


def test_a_bucket_that_is_gone_is_discarded(aws: Aws) -> None:
    """What is absent is done."""
    with watched(aws) as asked:
        Bucket.discard(aws, {"bucket": new_name()})
    assert ["ListMultipartUploads", "DeleteBucket"] == asked.operations


def test_a_stop_between_two_calls_ends_the_emptying(aws: Aws, three: Bucket) -> None:
    """Once the user has asked to stop nothing more is begun, what was begun ends, and the next run finishes."""
    aws.s3.create_multipart_upload(Bucket=three.name, Key="unfinished")

    def stop(removed: int, total: int | None) -> None:
        raise Interrupted(f"{removed} of {total}")

    with watched(aws) as asked, pytest.raises(Interrupted):
        Bucket.empty(aws.waiting_with(Patience(sleep=lambda _: None, progress=stop)), three.identity)
    assert 1 == asked.count("ListObjectVersions"), "no second look"
    Bucket.discard(aws, three.identity)
    assert Bucket.observe(aws, three.identity) is None


def test_progress_ends_with_all(aws: Aws, three: Bucket) -> None:
    """The last thing told is that all is gone, and how much that was."""
    told: list[tuple[int, int | None]] = []
    Bucket.empty(
        aws.waiting_with(Patience(progress=lambda removed, total: told.append((removed, total)))), three.identity
    )
    assert [(3, 3)] == told


def test_calls_of_several_threads_are_told_as_the_buckets(endpoint_url: str, three: Bucket) -> None:
    """What goes unanswered while a bucket is emptied or counted is told as the bucket's, whichever thread asked."""
    hours = itertools.count(step=3600)
    in_flight = InFlight(lambda: next(hours))
    aws = connect(access(endpoint_url), REGION, Lookout(in_flight))
    told: dict[str, str] = {}

    def look(**_: object) -> None:
        told.update({flight.reason: address for address, (flight, _) in in_flight.long().items()})

    with calling(aws, "before-send", look):
        working_for("bucket.a.b", partial(Bucket.count, aws, three.identity))
        working_for("bucket.a.b", partial(Bucket.empty, aws, three.identity))
    for client in clients(aws):
        client.close()
    operations = ("ListObjectVersions", "ListMultipartUploads", "DeleteObjects")
    assert {f"an answer of S3 to {name}": "bucket.a.b" for name in operations} == told
