"""What putting back a former notification document comes to."""

import pytest

from task_deployer.resources.notification_document import EVENTBRIDGE, Entry, entries_in, merge
from task_deployer.resources.notification_restoration import restoration

TAGGING = ("s3:ObjectTagging:*",)
OURS = Entry("ours", "arn:aws:lambda:eu-central-1:1:function:ours", TAGGING, "in/")
THEIRS = Entry("theirs", "arn:aws:sqs:eu-central-1:1:theirs", TAGGING, "out/")
NEW = Entry("new", "arn:aws:sqs:eu-central-1:1:new", TAGGING, "new/")


@pytest.mark.parametrize("ours", [(), (OURS.key,), (OURS.key, EVENTBRIDGE)])
def test_eventbridge_is_never_switched_off(ours: tuple[str, ...]) -> None:
    """EventBridge that came on since stays on, for a rule of ours or of others, whatever else goes with it."""
    kept, found = merge({}, [THEIRS], ()), merge({EVENTBRIDGE: {}}, [THEIRS, NEW], ())
    plan = restoration(kept, found, ours, drop_new=True)
    assert {THEIRS} == set(entries_in(plan.target))
    assert {} == plan.target[EVENTBRIDGE]
    assert {"new": "delete", EVENTBRIDGE: "keep"} == {part.id: part.action for part in plan.entries}


@pytest.mark.parametrize("drop_new", [False, True])
@pytest.mark.parametrize(("name", "way"), [("theirs", "prefix or suffix"), (OURS.id, "rename the task")])
def test_our_own_entry_in_the_way_is_ups_to_change(name: str, way: str, drop_new: bool) -> None:  # noqa: FBT001 - the case
    """Where this stack's entry stands in the way, no flag helps: the advice is to change the config and run `up`."""
    theirs = Entry(name, THEIRS.destination, TAGGING, "in/" if name == "theirs" else "out/")
    plan = restoration(merge({}, [theirs], ()), merge({}, [OURS], ()), (OURS.key,), drop_new=drop_new)
    (refusal,) = plan.refusals
    assert "which is this stack's" in refusal.what
    assert way in refusal.advice
    assert "`task-deploy up`" in refusal.advice
    assert "or add --drop-new" not in refusal.advice


def test_a_new_entry_in_the_way_may_be_dropped() -> None:
    """Where what appeared since stands in the way, --drop-new is a way, and takes it out of the way."""
    kept, found = merge({}, [THEIRS], ()), merge({}, [Entry("new", NEW.destination, TAGGING)], ())
    (refusal,) = restoration(kept, found, (), drop_new=False).refusals
    assert "or add --drop-new" in refusal.advice
    assert () == restoration(kept, found, (), drop_new=True).refusals
