"""The command that stops rules of ours in a bucket that is ours no longer."""

import shlex
from typing import Final

import pytest

from task_deployer.plan import Action, Change, Plan
from task_deployer.records import Record
from task_deployer.resources.base import Address
from task_deployer.resources.lifecycle import Lifecycle, SeenLifecycle
from task_deployer.resources.lifecycle_document import Document, LifecycleRule
from task_deployer.still_expires import still_expiring, stopping

ADDRESS: Final = Address("lifecycle.ingest.uploads")
RULE: Final = {**LifecycleRule("media-dev-ingest-uploads-expire", expire_days=1).render()}


def test_rules_of_others_are_put_again() -> None:
    """Beside rules of others the command reads anew when it is typed, leaves ours out, and keeps the setting."""
    command = stopping("media", ["ours-expire", "ours-abort"], Document(({"ID": "it's"},), "varies_by_storage_class"))
    words = shlex.split(command)
    assert ["aws", "s3api", "put-bucket-lifecycle-configuration", "--bucket", "media"] == words[:5]
    assert ["--transition-default-minimum-object-size", "varies_by_storage_class"] == words[-2:]
    assert """--query '{Rules: Rules[?!contains(`["ours-expire", "ours-abort"]`, ID)]}' --output json""" in command


@pytest.mark.parametrize(
    ("seen", "forgets", "told"),
    [
        (SeenLifecycle((RULE,)), True, True),
        (SeenLifecycle((RULE,)), False, False),
        (SeenLifecycle(({**RULE, "Status": "Disabled"},)), True, False),
        (SeenLifecycle(()), True, False),
        (None, True, False),
    ],
)
def test_what_is_left_and_on_is_told(seen: SeenLifecycle | None, forgets: bool, told: bool) -> None:  # noqa: FBT001 - a row's fields
    """A rule is told that S3 still follows and nobody will look after: one that is switched off or gone is not."""
    planned = Plan((Change(ADDRESS, Lifecycle.kind, Action.KEEP, forgets=forgets),))
    records = {ADDRESS: Record(Lifecycle.kind, {"bucket": "media"})}
    messages = [one.message for one in still_expiring(planned, {ADDRESS: seen}, records)]
    assert told is bool(messages)
    assert all("each object 1 day after it was written" in message for message in messages)
