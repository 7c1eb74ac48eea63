"""What people and scripts read when former notifications are put back."""

from pathlib import Path

from task_deployer.aws import Account
from task_deployer.care import Remark
from task_deployer.kept_documents import Kept
from task_deployer.render.json import restoration_document
from task_deployer.render.text import restoration_lines, restored_lines
from task_deployer.resources.notification_document import EVENTBRIDGE, Entry, merge
from task_deployer.resources.notification_restoration import restoration
from task_deployer.restore import Restored

TAGGING = ("s3:ObjectTagging:*",)
GONE, CHANGED, NEW = (Entry(name, f"arn:aws:sqs:eu-central-1:1:{name}", TAGGING, f"{name}/") for name in "abc")
ACCOUNT = Account("123456789012", "eu-central-1")


def restored(*, drop_new: bool = False) -> Restored:
    """An entry that is gone, one whose prefix is another, one that appeared since, and EventBridge that is off."""
    document = merge({EVENTBRIDGE: {}}, [GONE, CHANGED], ())
    other = Entry(CHANGED.id, CHANGED.destination, TAGGING, "other/")
    plan = restoration(document, merge({}, [other, NEW], ()), (), drop_new=drop_new)
    kept = Kept(Path("k.json"), "everybodys", "2026-11-23T10:00:00+00:00", ACCOUNT, (), document)
    return Restored(kept, plan, (Remark("skipped-validation", "notifications.everybodys", "unchecked."),))


def test_what_differs_is_shown_entry_by_entry() -> None:
    """Each line says what comes, what is changed from what to what, and what stays although it is new."""
    assert [
        "Notifications of everybodys as they were at 2026-11-23T10:00:00+00:00 (k.json)",
        "  + a",
        "      then: a (s3:ObjectTagging:*; prefix 'a/'; to arn:aws:sqs:eu-central-1:1:a)",
        "  ~ b",
        "      now: b (s3:ObjectTagging:*; prefix 'other/'; to arn:aws:sqs:eu-central-1:1:b)",
        "      then: b (s3:ObjectTagging:*; prefix 'b/'; to arn:aws:sqs:eu-central-1:1:b)",
        "  = c  (appeared since: stays)",
        "      now: c (s3:ObjectTagging:*; prefix 'c/'; to arn:aws:sqs:eu-central-1:1:c)",
        "  + EventBridgeConfiguration",
        "      then: on",
    ] == [line.text for line in restoration_lines(restored())]
    assert "  - c" in [line.text for line in restoration_lines(restored(drop_new=True))]


def test_what_was_done_is_said_at_the_end() -> None:
    """The warnings come first, then the number of changes."""
    assert ["Warning: notifications.everybodys: unchecked.", "Done: 3 changes."] == [
        line.text for line in restored_lines(restored())
    ]


def test_the_document_for_scripts() -> None:
    """Entries by id with their action, what was kept and what was found; and how many were changed."""
    document = restoration_document(restored())
    assert {"a": "create", "b": "update", "c": "keep", EVENTBRIDGE: "create"} == {
        change["id"]: change["action"]
        for change in document["changes"]  # type: ignore[attr-defined]  # a list
    }
    assert {"done": 3} == document["outcome"]
    assert {"file": "k.json", "time": "2026-11-23T10:00:00+00:00"} == document["kept"]
