"""How a bucket's events reach the function, with the rules of EventBridge and of Lambda's reading from SQS."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote_plus

from task_deployer.config.table import quoted, wrong

Delivery = Literal["direct", "eventbridge", "queue"]

UNGATHERED = 10
"""The largest batch that Lambda takes from a standard queue without waiting for more messages (Lambda guide, SQS)."""


def plain_filter(value: str) -> str:
    """Decode a prefix or suffix: S3's own filters match the key as it is encoded in events, EventBridge the key itself.

    Raises UnicodeDecodeError for one that ends within a character.
    """
    return unquote_plus(value, errors="strict")


def filters_fit(delivery: Delivery, given: Mapping[str, object]) -> Delivery:
    """Refuse EventBridge for a bucket and for filters that it could never tell of.

    Another account's bucket tells it in that account alone; no pattern can match the half of a character.
    """
    if delivery == "eventbridge" and given.get("owner") is not None:
        problem = 'is "eventbridge", but the bucket has an owner: S3 tells EventBridge in the owner\'s account alone'
        raise wrong(problem, 'Choose "direct" or "queue", or remove `owner` if the bucket is of this account.')
    filters = {name: given.get(name) for name in ("prefix", "suffix")} if delivery == "eventbridge" else {}
    for name, value in filters.items():
        try:
            plain_filter(str(value))
        except UnicodeDecodeError as error:
            problem = f'is "eventbridge", but the {name} {quoted(value)} is cut within a character'
            raise wrong(
                problem, f"Give whole characters: EventBridge matches the decoded key. ({error.reason})"
            ) from None
    return delivery


def for_queues(given: Mapping[str, object]) -> None:
    """Refuse a setting of the event source mapping where there is none."""
    if given.get("delivery", "queue") != "queue":  # a delivery that is wrong is a mistake of its own
        raise wrong('is a setting of delivery = "queue"', 'Set delivery = "queue", or leave the key out.')


def batch_fits(size: int, given: Mapping[str, object]) -> int:
    """Refuse a batch of more than ten messages without a window, as Lambda does."""
    if size > UNGATHERED and given.get("batch_window_seconds") == 0:
        advice = f"Set batch_window_seconds to 1 or more, or batch_size to {UNGATHERED} or less."
        raise wrong(f"is {size}, and Lambda gathers more than {UNGATHERED} messages only within a window", advice)
    return size
