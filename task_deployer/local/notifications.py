"""A bucket's notification document: read, checked, matched and written as S3 does. Pure.

moto's own handling overwrites the old document before it refuses the new one, fails on `Prefix` in capitals, answers
filter names in lower case and forgets the EventBridge setting; so the document is kept here instead.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from xml.etree import ElementTree as ET

from task_deployer.local.s3_event import encode_key

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_OVERLAP = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


class Target(Enum):
    """The three kinds of destination: the name of the entry's element, of the ARN's element within, and the service."""

    FUNCTION = ("CloudFunctionConfiguration", "CloudFunction", "lambda")
    QUEUE = ("QueueConfiguration", "Queue", "sqs")
    TOPIC = ("TopicConfiguration", "Topic", "sns")


class RefusedDocument(ValueError):  # noqa: N818 - S3 refuses it, nothing went wrong here
    """The document breaks a rule of S3's; the text is the message of its InvalidArgument."""


@dataclass(frozen=True)
class Entry:
    """One configuration: what events of which keys go where. `filters` are (Prefix or Suffix, value), in order."""

    id: str
    target: Target
    arn: str
    events: tuple[str, ...]
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def prefix(self) -> str:
        """The prefix asked for, empty for none."""
        return dict(self.filters).get("Prefix", "")

    @property
    def suffix(self) -> str:
        """The suffix asked for, empty for none."""
        return dict(self.filters).get("Suffix", "")

    def covers(self, event: str, key: str) -> bool:
        """True if `event` (`s3:ObjectCreated:Put`) of `key` is one this entry asks for; filters see the encoded key."""
        encoded = encode_key(key)
        return (
            any(_includes(wanted, event) for wanted in self.events)
            and encoded.startswith(self.prefix)
            and encoded.endswith(self.suffix)
        )


@dataclass(frozen=True)
class Document:
    """All entries of a bucket, and whether events go to EventBridge too."""

    entries: tuple[Entry, ...] = ()
    event_bridge: bool = False


def parse(xml: bytes, *, region: str) -> Document:
    """Reads a PutBucketNotificationConfiguration body and checks it as S3 does, but for the destinations themselves.

    `region` is the bucket's. Raises RefusedDocument, or xml.etree's ParseError for what is no XML.
    """
    root = ET.fromstring(xml)  # noqa: S314 - the caller is a local client of the same user
    entries = tuple(_entry(node, target, region) for target in Target for node in root.findall("{*}" + target.value[0]))
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        raise RefusedDocument("Same ID used for multiple configurations. IDs must be unique.")
    if any(_overlap(one, other) for one, other in combinations(entries, 2)):
        raise RefusedDocument(_OVERLAP)
    return Document(entries, root.find("{*}EventBridgeConfiguration") is not None)


def render(document: Document) -> bytes:
    """Writes the document as GetBucketNotificationConfiguration answers it."""
    root = ET.Element("NotificationConfiguration", xmlns=_NAMESPACE)
    for entry in document.entries:
        configuration, arn, _ = entry.target.value
        node = ET.SubElement(root, configuration)
        _text(node, "Id", entry.id)
        _text(node, arn, entry.arn)
        for event in entry.events:
            _text(node, "Event", event)
        _write_filters(node, entry.filters)
    if document.event_bridge:
        ET.SubElement(root, "EventBridgeConfiguration")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(node: ET.Element, target: Target, region: str) -> Entry:
    _, arn_name, service = target.value
    arn = node.findtext("{*}" + arn_name) or ""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != service:  # noqa: PLR2004 - arn:partition:service:region:account:rest
        raise RefusedDocument("The ARN could not be parsed")
    if parts[3] != region:
        raise RefusedDocument(
            "The notification destination service region is not valid for the bucket location constraint"
        )
    if target is Target.QUEUE and arn.endswith(".fifo"):
        raise RefusedDocument("FIFO SQS queues are not supported.")
    events = tuple(event.text or "" for event in node.findall("{*}Event"))
    return Entry(node.findtext("{*}Id") or secrets.token_hex(24), target, arn, events, tuple(_filters(node)))


def _filters(node: ET.Element) -> Iterable[tuple[str, str]]:
    for rule in node.findall("{*}Filter/{*}S3Key/{*}FilterRule"):
        # S3 takes the name in any case and answers it capitalised.
        name = (rule.findtext("{*}Name") or "").capitalize()
        if name not in {"Prefix", "Suffix"}:
            raise RefusedDocument("filter rule name must be either prefix or suffix")
        yield name, rule.findtext("{*}Value") or ""


def _write_filters(node: ET.Element, filters: tuple[tuple[str, str], ...]) -> None:
    if not filters:
        return
    key = ET.SubElement(ET.SubElement(node, "Filter"), "S3Key")
    for name, value in filters:
        rule = ET.SubElement(key, "FilterRule")
        _text(rule, "Name", name)
        _text(rule, "Value", value)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _includes(wanted: str, event: str) -> bool:
    return wanted == event or (wanted.endswith(":*") and event.startswith(wanted.removesuffix("*")))


def _overlap(one: Entry, other: Entry) -> bool:
    return (
        any(_includes(a, b) or _includes(b, a) for a in one.events for b in other.events)
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )
