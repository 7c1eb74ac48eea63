"""From a changed object to functions and queues: who is to be told of it, and whether he may still be told."""

import json
import logging
import secrets
import uuid
from collections.abc import Callable
from weakref import WeakKeyDictionary

from task_deployer.local import moto_events, moto_queues, moto_state
from task_deployer.local.async_events import LONGEST_CHAIN, AsyncEvent
from task_deployer.local.call import current
from task_deployer.local.event_bridge import event_of
from task_deployer.local.notifications import Document, Entry, Target
from task_deployer.local.permissions import trusts
from task_deployer.local.s3_event import ObjectChange, Sequencer, record

log = logging.getLogger(__name__)

# The document belongs to the bucket's object in moto: a bucket made again under the same name starts without one.
_documents: WeakKeyDictionary[object, Document] = WeakKeyDictionary()


def document_of(bucket: object | None) -> Document:
    """The bucket's notification document; empty if none was put."""
    return Document() if bucket is None else _documents.get(bucket, Document())


def keep_document(bucket: object, document: Document) -> None:
    """Replaces the bucket's notification document."""
    _documents[bucket] = document


def refusal(entry: Entry, bucket_arn: str, account: str) -> str | None:
    """Why S3 may not deliver to the entry's destination, in S3's words (`ArgumentValue1`); None if it may.

    S3 gives one answer for a function that is missing and for one whose policy does not name the bucket.
    """
    source = {"aws:sourcearn": bucket_arn, "aws:sourceaccount": account}
    if entry.target is Target.FUNCTION:
        statements = moto_state.function_statements(entry.arn.split(":")[3], entry.arn)
        allowed = trusts(statements, service="s3.amazonaws.com", action="lambda:InvokeFunction", context=source)
        return None if allowed else f"Not authorized to invoke function [{entry.arn}]"
    if entry.target is Target.QUEUE:
        found = moto_queues.queue_statements(entry.arn)
        if found is None:
            return "The destination queue does not exist"
        allowed = trusts(found, service="s3.amazonaws.com", action="sqs:SendMessage", context=source)
        return (
            None
            if allowed
            else "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
        )
    return None  # topics are kept and returned, and neither checked nor delivered to


class Deliveries:
    """Tells functions and queues what happened to objects.

    `accept` queues an event for a function; `chain_of` says how many functions a caller's key has behind it.
    """

    def __init__(self, *, accept: Callable[[AsyncEvent], None], chain_of: Callable[[str], int]) -> None:
        self._accept = accept
        self._chain_of = chain_of
        self._sequencer = Sequencer()

    def observe(self, change: ObjectChange) -> None:
        """Delivers one change to every matching entry that still trusts the bucket; S3 drops the others silently."""
        document = document_of(moto_state.find_bucket(change.bucket, change.region))
        sequencer = self._sequencer.next()
        for entry in document.entries:
            if not entry.covers(f"s3:{change.name}", change.key):
                continue
            why = refusal(entry, change.bucket_arn, change.account)
            if why is None:
                self._deliver(entry, change, sequencer)
            else:
                log.warning("S3 dropped %s of %s/%s: %s", change.name, change.bucket, change.key, why)
        if document.event_bridge:
            self._tell_event_bridge(change, sequencer)

    def _tell_event_bridge(self, change: ObjectChange, sequencer: str) -> None:
        """Invokes the functions that rules name as targets, where they trust the rule. Other targets get nothing."""
        call = current.get()
        session = moto_state.session_of(call.access_key)
        event = event_of(change, call, sequencer=sequencer, requester=session.principal if session else change.account)
        for target in moto_events.targets_for(change.region, event):
            statements = moto_state.function_statements(change.region, target.arn) if ":lambda:" in target.arn else ()
            source = {"aws:sourcearn": target.rule}
            if trusts(statements, service="events.amazonaws.com", action="lambda:InvokeFunction", context=source):
                self._invoke(target.arn, json.dumps(event).encode(), self._chain_of(call.access_key))
            else:
                log.warning("EventBridge dropped an event of %s: it may not invoke %s", target.rule, target.arn)

    def _deliver(self, entry: Entry, change: ObjectChange, sequencer: str) -> None:
        call = current.get()
        session = moto_state.session_of(call.access_key)
        principal = f"AWS:{session.principal if session else change.account}"
        event = record(change, call, configuration_id=entry.id, sequencer=sequencer, principal=principal)
        if entry.target is Target.FUNCTION:
            self._invoke(entry.arn, json.dumps(event).encode(), self._chain_of(call.access_key))
        elif entry.target is Target.QUEUE:
            moto_queues.send(entry.arn, json.dumps(event), self._chain_of(call.access_key))

    def _invoke(self, arn: str, payload: bytes, chain: int) -> None:
        if chain >= LONGEST_CHAIN:
            log.warning("Stopped a loop: %s would run for the %dth time in one chain", arn, chain + 1)
            return
        self._accept(AsyncEvent(arn.split(":")[3], arn, payload, str(uuid.uuid4()), chain=chain))


def send_test_events(bucket: str, document: Document) -> None:
    """Tells each queue of a new document that it was set, with the message that has no `Records`."""
    for entry in document.entries:
        if entry.target is Target.QUEUE:
            test = {
                "Service": "Amazon S3",
                "Event": "s3:TestEvent",
                "Bucket": bucket,
                "RequestId": secrets.token_hex(8),
            }
            moto_queues.send(entry.arn, json.dumps(test))
