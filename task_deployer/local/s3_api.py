"""The S3 calls that are answered here rather than by moto, or put right behind it.

Notification documents, tags at a bucket's creation, listings, and deletions that no XML can ask for.
"""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from moto.s3.models import FakeBucket, s3_backends

from task_deployer.local import moto_state
from task_deployer.local.call import Call, Reply, xml_error
from task_deployer.local.deliveries import document_of, keep_document, refusal, send_test_events
from task_deployer.local.listings import in_url_form, is_in_url_form
from task_deployer.local.notifications import Document, RefusedDocument, parse, render
from task_deployer.local.process import ACCOUNT

_FORBIDDEN = ("AccessDenied", "Access Denied")
_MALFORMED = ("MalformedXML", "The XML you provided was not well-formed")
_UNREACHABLE = "Unable to validate the following destination configurations"


def answer(call: Call, moto: Callable[[Call], Reply]) -> Reply | None:
    """Answers what moto does not do as S3 does; None for what is moto's."""
    if call.service != "s3" or not call.bucket:
        return None
    # moto ignores the header; only one account lives here.
    if call.headers.get("x-amz-expected-bucket-owner", ACCOUNT) != ACCOUNT:
        return None if moto_state.find_bucket(call.bucket, call.region) is None else xml_error(403, *_FORBIDDEN)
    return None if call.key else _of_a_bucket(call, moto)


def _of_a_bucket(call: Call, moto: Callable[[Call], Reply]) -> Reply | None:
    if "notification" in call.query:
        bucket = moto_state.find_bucket(call.bucket, call.region)
        return None if bucket is None else _notification(call, bucket)
    if call.method == "PUT" and not call.query:
        return _create_bucket(call, moto)
    if is_in_url_form(call):
        return in_url_form(call, moto(call))
    if call.method == "POST" and "delete" in call.query and not _is_xml(call.body):
        return xml_error(400, *_MALFORMED)
    return None


def _notification(call: Call, bucket: FakeBucket) -> Reply | None:
    if call.method == "GET":
        return Reply(200, (("Content-Type", "application/xml"),), render(document_of(bucket)))
    if call.method != "PUT":
        return None
    try:
        document = parse(call.body, region=bucket.region_name)
    except RefusedDocument as refused:
        return xml_error(400, "InvalidArgument", str(refused))
    except ET.ParseError:
        return xml_error(400, *_MALFORMED)
    skip = call.headers.get("x-amz-skip-destination-validation", "").lower() == "true"
    refused_reply = None if skip else _unreachable(document, bucket)
    if refused_reply is not None:
        return refused_reply  # and the old document stays
    keep_document(bucket, document)
    if not skip:
        send_test_events(bucket.name, document)
    return Reply(200, (), b"")


def _unreachable(document: Document, bucket: FakeBucket) -> Reply | None:
    refusals = [(entry, refusal(entry, bucket.arn, bucket.account_id)) for entry in document.entries]
    arguments: dict[str, str] = {}
    for number, (entry, why) in enumerate(((entry, why) for entry, why in refusals if why), start=1):
        arguments |= {f"ArgumentName{number}": f"{entry.arn}, null", f"ArgumentValue{number}": str(why)}
    return xml_error(400, "InvalidArgument", _UNREACHABLE, **arguments) if arguments else None


def _create_bucket(call: Call, moto: Callable[[Call], Reply]) -> Reply | None:
    tags = _tags(call.body)
    if not tags:
        return None
    if moto_state.find_bucket(call.bucket, call.region) is not None:
        # With tags us-east-1 refuses too, rather than answering 200 as it does without.
        message = "Your previous request to create the named bucket succeeded and you already own it."
        return xml_error(409, "BucketAlreadyOwnedByYou", message, BucketName=call.bucket)
    reply = moto(call)
    if reply.status == 200:  # noqa: PLR2004 - HTTP's OK
        s3_backends[ACCOUNT][moto_state.partition(call.region)].put_bucket_tagging(call.bucket, tags)
    return reply


def _is_xml(body: bytes) -> bool:
    try:
        ET.fromstring(body)  # noqa: S314 - the caller is a local client of the same user
    except ET.ParseError:
        return False
    return True


def _tags(body: bytes) -> dict[str, str]:
    if not body:
        return {}
    try:
        root = ET.fromstring(body)  # noqa: S314 - the caller is a local client of the same user
    except ET.ParseError:
        return {}  # moto answers MalformedXML
    return {tag.findtext("{*}Key") or "": tag.findtext("{*}Value") or "" for tag in root.findall("{*}Tags/{*}Tag")}
