"""Plans, results and errors in words: lines with a style each. Pure, so that every word can be tested."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from task_deployer.errors import TaskDeployError
from task_deployer.plan import Action, Change, Plan
from task_deployer.resources.base import Difference, Value
from task_deployer.restore import Restored
from task_deployer.result import Result
from task_deployer.status import Standing, State
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word


class Style(StrEnum):
    """How a line is meant; whoever prints it decides on a colour."""

    PLAIN = "plain"
    TITLE = "title"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    QUIET = "quiet"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Line:
    """One line of output."""

    text: str
    style: Style = Style.PLAIN


GLYPHS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.KEEP: "="}
_STYLES = {
    Action.CREATE: Style.CREATE,
    Action.UPDATE: Style.UPDATE,
    Action.DELETE: Style.DELETE,
    Action.KEEP: Style.QUIET,
}
_STATES = {State.OK: Style.QUIET, State.UNKNOWN: Style.WARN, State.DRIFTED: Style.UPDATE}
_LONGEST = 160  # characters of one value; a hash or an ARN fits, a policy in full does not help


def plan_lines(plan: Plan, *, all_kept: bool = False) -> Iterator[Line]:
    """Each change that does something, with what exactly differs; what is kept only if asked for, or told why."""
    for change in plan.changes:
        if change.action is not Action.KEEP or change.forgets or change.former or all_kept:
            yield from change_lines(change)
    yield Line(_sum(plan), Style.TITLE)


def change_lines(change: Change) -> Iterator[Line]:
    """One change and its differences."""
    reason = f"  ({change.reason})" if change.reason else ""
    yield Line(f"  {GLYPHS[change.action]} {change.address}{reason}", _STYLES[change.action])
    for difference in change.differences:
        yield Line(f"      {_difference(difference)}", Style.PLAIN)


def result_lines(result: Result, *, verbose: bool = False) -> Iterator[Line]:
    """What a command has to say on stdout."""
    yield Line(_where(result), Style.TITLE)
    if result.command == "status":
        yield from _status_lines(result, verbose=verbose)
    elif result.account is None:
        yield Line("Nothing is recorded, so there is nothing to do.", Style.GOOD)
    elif result.command == "plan":
        yield from plan_lines(result.plan, all_kept=verbose)
    elif result.command == "adopt":
        yield from _adopted_lines(result)
    else:
        yield from _outcome_lines(result)
    if result.command in ("up", "status", "adopt"):
        yield from _output_lines(result)
    total, mutating = result.calls
    if verbose and total:
        yield Line(f"{total} API calls, {mutating} of them mutating.", Style.QUIET)


def warning_lines(warnings: Sequence[Warning]) -> Iterator[Line]:
    """The warnings, for stderr."""
    for warning in warnings:
        yield Line(f"Warning: {warning.address}: {warning.message}", Style.WARN)


def restoration_lines(restored: Restored) -> Iterator[Line]:
    """What putting former notifications back would change, and what stays although it appeared since."""
    kept = restored.kept
    yield Line(f"Notifications of {kept.bucket} as they were at {kept.time} ({kept.path})", Style.TITLE)
    for part in restored.plan.entries:
        action = Action(part.action)
        stays = "  (appeared since: stays)" if part.stays else ""
        yield Line(f"  {GLYPHS[action]} {part.id}{stays}", _STYLES[action])
        for what, told in (("now", part.found), ("then", part.kept)):
            if told is not None and told != part.id:
                yield Line(f"      {what}: {told}")


def restored_lines(restored: Restored) -> Iterator[Line]:
    """What was put back."""
    for remark in restored.remarks:
        yield Line(f"Warning: {remark.address}: {remark.message}", Style.WARN)
    changes = len(restored.plan.changes)
    done = f"Done: {_number(changes, 'change')}." if changes else "Nothing to do: all that was kept is there."
    yield Line(done, Style.GOOD)


def delay_lines(result: Result) -> Iterator[Line]:
    """Say that a change of notifications takes effect late (S3 user guide: about five minutes)."""
    written = {change.address for change in result.plan.pending if change.kind == "notifications"}
    if result.command == "up" and written & set(result.outcome.done):
        yield Line("S3 takes up to about five minutes until it sends events by the new notifications.", Style.QUIET)


def error_lines(error: TaskDeployError) -> Iterator[Line]:
    """What happened, where and why, and what to do next."""
    yield Line(f"{error.word}{error.summary}", Style.BAD if error.word else Style.WARN)
    for line in error.detail.splitlines():
        yield Line(f"  {line}")
    if error.hint:
        yield Line(f"Next: {error.hint}", Style.GOOD)


def _adopted_lines(result: Result) -> Iterator[Line]:
    taken, differing = len(result.plan.changes), sum(bool(change.differences) for change in result.plan.changes)
    if not taken:
        yield Line("Nothing at AWS bears this stack's tags under the names of this config: nothing to take over.")
        return
    rest = f". `task-deploy up` brings {differing} of them in line." if differing else ", as wanted."
    yield Line(f"Recorded {_number(taken, 'resource')}{rest}", Style.GOOD)


def _where(result: Result) -> str:
    name = f"{result.stack}/{result.env}" if result.stack else result.env
    return name if result.account is None else f"{name} in account {result.account}, {result.region}"


def _sum(plan: Plan) -> str:
    if not plan.pending:
        return _nothing_to_do(plan)
    counts = [
        (len(plan.of(Action.CREATE)), "to create"),
        (len(plan.of(Action.UPDATE)), "to change"),
        (sum(not change.gone for change in plan.of(Action.DELETE)), "to delete"),
        (sum(change.gone for change in plan.changes), "gone already"),
        (sum(not change.forgets for change in plan.of(Action.KEEP)), "as wanted"),
        (sum(change.forgets for change in plan.changes), "left as they are"),
    ]
    return "Plan: " + ", ".join(f"{count} {what}" for count, what in counts if count) + "."


def _nothing_to_do(plan: Plan) -> str:
    kept = sum(not change.forgets for change in plan.changes)
    return f"Nothing to do: {_resources(kept)} as wanted."


def _resources(number: int) -> str:
    return f"{_number(number, 'resource')} {'is' if number == 1 else 'are'}"


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _difference(difference: Difference) -> str:
    return f"{difference.path}: {_value(difference.found)} -> {_value(difference.wanted)}"


def _value(value: Value) -> str:
    text = "(none)" if value is None else ", ".join(map(_value, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _status_lines(result: Result, *, verbose: bool) -> Iterator[Line]:
    if result.state is State.ABSENT:
        yield Line("Nothing is deployed yet: there is no manifest. `task-deploy up` makes it.", Style.WARN)
        return
    for standing in result.standings:
        if verbose or standing.state is not State.OK or standing.change.action is Action.DELETE:
            yield from _standing_lines(standing)
    fine = sum(standing.state is State.OK for standing in result.standings)
    style = Style.GOOD if result.state is State.OK else Style.WARN
    yield Line(f"State: {result.state} ({fine} of {_resources(len(result.standings))} ok)", style)


def _standing_lines(standing: Standing) -> Iterator[Line]:
    reason = f"  ({standing.change.reason})" if standing.change.reason else ""
    style = _STATES.get(standing.state, Style.BAD)
    yield Line(f"  {standing.state:<11} {standing.change.address}{reason}", style)
    for difference in standing.change.differences:
        yield Line(f"      {_difference(difference)}")


def _outcome_lines(result: Result) -> Iterator[Line]:
    outcome = result.outcome
    for failed in outcome.failed:
        yield Line(f"  failed  {failed.change.address}: {failed.error.summary}", Style.BAD)
        for line in failed.error.detail.splitlines():
            yield Line(f"          {line}")
        if failed.error.hint:
            yield Line(f"          Next: {failed.error.hint}", Style.GOOD)
    for address in outcome.skipped:
        yield Line(f"  skipped {address}", Style.WARN)
    for change in result.plan.changes:
        if change.forgets and not outcome.failed:
            yield Line(f"  left    {change.address}  ({change.reason})", Style.QUIET)
    if outcome.failed:
        yield Line(f"Failed: {len(outcome.failed)}. Done: {len(outcome.done)}. Run it again to go on.", Style.BAD)
    elif outcome.done or result.plan.pending:
        yield Line(f"Done: {_number(len(outcome.done), 'change')}{_gone(result.plan)}.", Style.GOOD)
    else:
        yield Line(_nothing_to_do(result.plan), Style.GOOD)


def _gone(plan: Plan) -> str:
    """What `down` came too late for: somebody else has removed it, or it never came to be."""
    gone = sum(change.gone for change in plan.changes)
    return f"; {_number(gone, 'resource')} {'was' if gone == 1 else 'were'} gone already" if gone else ""


def _output_lines(result: Result) -> Iterator[Line]:
    outputs = result.outputs or {}
    for task, parts in outputs.get("tasks", {}).items():
        for name, bucket in _named(parts.get("buckets")):
            yield Line(f"  {task}: bucket {name} is {bucket}")
        for name, function in _named({"function": parts.get("function")}):
            yield Line(f"  {task}: {name} is {function}")
    for topic, queue in _named(outputs.get("command_topics")):
        yield Line(f"  command topic {topic} is {queue}")


def _named(things: object) -> Iterator[tuple[str, object]]:
    for key, value in things.items() if isinstance(things, dict) else ():
        if isinstance(value, dict):
            yield key, value.get("url") or value.get("name")
