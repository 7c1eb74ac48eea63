from dataclasses import replace

from task_deployer.events import TakingOver
from task_deployer.plan import Action, Change, Plan
from task_deployer.render import progress, text
from task_deployer.resources.base import Address, Difference
from task_deployer.result import Result

KEPT = Change(Address("queue.orders"), "queue", Action.KEEP, reason="taken over")
DIFFERS = Change(
    Address("function.ingest"), "function", Action.KEEP, (Difference("MemorySize", 256, 512),), reason="taken over"
)
ADOPTED = Result("adopt", "media", "dev", "123456789012", "eu-central-1", Plan((KEPT, DIFFERS)))


def said(result: Result) -> list[str]:
    """What is said at the end, after the title."""
    return [line.text for line in text.result_lines(result)][1:]


def test_what_is_about_to_be_taken_over_is_shown() -> None:
    """Before the question each thing is named, with what differs from the config."""
    lines: list[str] = []
    progress.reporter(lambda line: lines.append(line.text))(TakingOver(ADOPTED.plan))
    assert lines == [
        "  = queue.orders  (taken over)",
        "  = function.ingest  (taken over)",
        "      MemorySize: 512 -> 256",
    ]


def test_what_was_taken_over_is_counted() -> None:
    """At the end it is said how much was recorded, and what the next `up` has to do."""
    assert said(ADOPTED) == ["Recorded 2 resources. `task-deploy up` brings 1 of them in line."]
    assert said(replace(ADOPTED, plan=Plan((KEPT,)))) == ["Recorded 1 resource, as wanted."]


def test_nothing_to_take_over_is_said() -> None:
    """Where nothing bears the stack's tags, that is the result."""
    (line,) = said(replace(ADOPTED, plan=Plan()))
    assert line.endswith("nothing to take over.")
