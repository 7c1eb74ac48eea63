"""The commands: up, plan, status, down. Four compositions of the same parts, each a page of prose.

read the config -> connect -> build what is wanted -> observe what is there -> plan -> execute
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TypedDict, Unpack

from task_deployer import manifest, stack
from task_deployer.aws import Aws
from task_deployer.bystanders import bystanders, consequences, left_dead, naming
from task_deployer.config.tree import shown
from task_deployer.data_loss import CAREFUL, Choices, lost_anew, naming_lost, question, question_up, refuse_loss
from task_deployer.engine import execute
from task_deployer.errors import AccountChangedError, CredentialsError, Interrupted
from task_deployer.events import Outcome, Planned
from task_deployer.in_flight import Lookout
from task_deployer.kept_documents import forget, with_care
from task_deployer.kept_statements import StatementKeeper
from task_deployer.late_groups import remove_late_groups
from task_deployer.look import Look, look_at, look_at_recorded, planned_down, planned_up, refuse_dead_in, settled
from task_deployer.manifest import Manifest
from task_deployer.observe import until_shown
from task_deployer.outputs import Outputs, outputs_of
from task_deployer.plan import Action, Desired, Plan
from task_deployer.project import Project, prepare
from task_deployer.put_back import put_back_kept
from task_deployer.refusals import is_unreached
from task_deployer.resources.base import Address
from task_deployer.result import Result
from task_deployer.status import Standing, State, compare, worst
from task_deployer.still_expires import still_expiring
from task_deployer.walk import Means
from task_deployer.warnings import Warning, late, left_behind, lost, overwritten, refuse, told, warnings_of  # noqa: A004 - ours

Confirm = Callable[[str], None]
"""Ask the user a question; raise `UsageError` if nobody can be asked, another `TaskDeployError` if the answer is no."""


@dataclass(frozen=True)
class Run:
    """How a command runs: whom it tells and asks, and the means it works with once it is connected.

    `lookout` tells what goes unanswered for long, from the first call on.
    """

    connect: Callable[[Aws], Means]
    confirm: Confirm
    lookout: Lookout = field(default_factory=Lookout)


def up(
    project: Project, run: Run, *, only: str | None = None, strict: bool = False, choices: Choices = CAREFUL
) -> Result:
    """Make AWS match the config. What the config no longer names goes last, and only if all else went well."""
    config = project.config()
    region = project.region(config, None)
    archives = prepare(config, region, only)
    path = project.manifest_path(config.stack.name)
    aws = project.connect(region, config, run.lookout)
    with manifest.opened(path, config.stack.name, config.env, aws.account) as journal:
        aws, remarks = with_care(aws, journal.path, choices.skip_dead_foreign)
        means = run.connect(aws)
        build = partial(stack.build, config, aws.account, journal.lineage, archives, only)
        look = settled(means, look_at(means, build, journal, only), journal, choices)
        planned = planned_up(look, journal.lineage, choices)
        refuse_dead_in(means, planned, look, choices)
        beside = bystanders(planned, look.sight.observed, look.moved.records, aws.account, journal.base)
        lost = lost_anew(planned, means, look.records)
        planned = naming_lost(naming(planned, beside), lost)
        warnings = _warnings(look, planned, *warnings_of(config, only), *left_dead(beside), strict=strict)
        holding = refuse_loss(planned, means, look.records, choices)
        means.report(Planned(planned))
        if asked := question_up(holding, lost, consequences(beside)):
            run.confirm(asked)
        journal.readdress(look.moved.records)
        outcome = _execute(planned, look.desired, look.sight.observed, journal, means)
        shown = until_shown(means, _written(look.desired, outcome), look.sight.observed)
        journal.finish(shown.seen)
        journal.bind(look.desired, {**look.sight.observed, **shown.seen})
    warnings = (*warnings, *map(told, remarks), *map(late, shown.late), *starmap(overwritten, shown.changed.items()))
    return _result("up", journal, aws, plan=planned, outcome=outcome, outputs=_outputs(journal), warnings=warnings)


def plan(
    project: Project, run: Run, *, only: str | None = None, strict: bool = False, choices: Choices = CAREFUL
) -> Result:
    """Say what `up` would do, and refuse what it would refuse. Writes nothing, nowhere."""
    config = project.config()
    region = project.region(config, None)
    archives = prepare(config, region, only)
    recorded = project.recorded(config)
    aws = project.connect(region, config, run.lookout)
    journal = recorded or Manifest(project.manifest_path(config.stack.name), config.stack.name, config.env, aws.account)
    journal.check_belongs(config.stack.name, config.env, aws.account)
    build = partial(stack.build, config, aws.account, journal.lineage, archives, only)
    means = run.connect(aws)
    look = settled(means, look_at(means, build, journal, only), journal, choices)
    planned = planned_up(look, journal.lineage, choices)
    refuse_dead_in(means, planned, look, choices)
    beside = bystanders(planned, look.sight.observed, look.moved.records, aws.account, journal.base)
    planned = naming_lost(naming(planned, beside), lost_anew(planned, means, look.records))
    warnings = _warnings(look, planned, *warnings_of(config, only), *left_dead(beside), strict=strict)
    refuse_loss(planned, means, look.records, choices)
    outputs = outputs_of({r.address: (r.kind, r.identity) for r in look.desired}, aws.account)
    return _result("plan", journal, aws, plan=planned, outputs=outputs, warnings=warnings)


def status(project: Project, run: Run) -> Result:
    """Compare what is recorded with AWS, and with the config where there is one. Writes nothing, nowhere."""
    config = project.config_if_any()
    recorded = project.recorded(config)
    if config is None and recorded is None:
        raise project.nothing_here()
    region = project.region(config, recorded)
    archives = prepare(config, region) if config else {}
    aws = project.connect(region, config, run.lookout)
    journal = recorded or Manifest(Path(), config.stack.name if config else "", project.env, aws.account)
    journal.check_belongs(config.stack.name if config else journal.stack, project.env, aws.account)
    build = partial(stack.build, config, aws.account, journal.lineage, archives) if config else _nothing
    look = look_at(run.connect(aws), build, journal, None)
    standings = compare(look.desired, look.sight.observed, look.records, journal.lineage)
    return _result(
        "status",
        journal,
        aws,
        plan=Plan(tuple(standing.change for standing in standings)),
        outputs=_outputs(journal),
        warnings=(*warnings_of(config), *look.sight.findings.warnings) if config else (),
        standings=standings,
        state=worst(standings) if recorded else State.ABSENT,
    )


def down(project: Project, run: Run, *, choices: Choices = CAREFUL) -> Result:
    """Remove all that is recorded, dependents first. Needs the manifest alone; without one there is nothing to do."""
    config, recorded = project.to_take_down()
    others = left_behind(project.other_manifests(recorded))
    if recorded is None:
        project.tidy()
        stack_name = config.stack.name if config else None
        said = others or lost(stack_name, shown(project.manifest_path(stack_name or "")))
        return Result("down", stack_name, project.env, None, None, warnings=said)
    project.check_meant(config, recorded)
    aws = project.connect(project.region(config, recorded), config, run.lookout)
    aws, remarks = with_care(aws, recorded.path, choices.skip_dead_foreign)
    means = run.connect(aws)
    age = recorded.age
    with manifest.opened(recorded.link or recorded.path, recorded.stack, recorded.env, aws.account) as journal:
        look = look_at_recorded(means, journal, age, choices)
        planned = planned_down(look, journal.lineage, choices)
        beside = bystanders(planned, look.sight.observed, look.records, aws.account, journal.base)
        planned = naming(planned, beside)
        holding = refuse_loss(planned, means, look.records, choices)
        means.report(Planned(planned))
        where = f"{journal.stack}/{journal.env} in account {aws.account.id}, {aws.account.region}"
        run.confirm(question(planned, where, holding, consequences(beside)))
        journal.readdress(look.records)
        left = tuple(still_expiring(planned, look.sight.observed, look.records))
        outcome = _execute(planned, (), look.sight.observed, journal, means)
    said = (*others, *look.strays.warnings, *left_dead(beside), *left, *map(told, remarks))
    return _result("down", journal, aws, plan=planned, outcome=outcome, warnings=said)


def _written(desired: Sequence[Desired], outcome: Outcome) -> list[Desired]:
    """What was written and can be looked at: nothing can where AWS was not reached."""
    away = any(is_unreached(failed.error) for failed in outcome.failed)
    return [] if away else [resource for resource in desired if resource.address in outcome.done]


def _execute(
    planned: Plan, desired: Sequence[Desired], observed: Mapping[Address, object], journal: Manifest, means: Means
) -> Outcome:
    """Carry the plan out. What was kept of a thing of ours goes with it, and log groups do not come back unseen.

    What others may do with a function that an earlier run made anew, and had no time to put back, is put back.
    """
    known = dict(journal.records)
    outcome = execute(planned, {resource.address: resource for resource in desired}, observed, journal, means)
    gone = {c.address: known[c.address] for c in planned.of(Action.DELETE) if c.address not in journal.records}
    forget(journal.path, [record.identity["bucket"] for record in gone.values() if record.kind == "bucket"])
    if not outcome.stopped:
        anew = {change.address for change in planned.changes if change.anew}  # their statements had their turn
        put_back_kept(means, journal, {resource.address for resource in desired} - anew)
    StatementKeeper(journal.path).tidy([r.identity["name"] for r in journal.records.values() if r.kind == "function"])
    _stop_if_asked(outcome)
    remove_late_groups(means, {a: record.identity for a, record in gone.items() if record.kind == "log_group"})
    return outcome


def _outputs(journal: Manifest) -> Outputs:
    return outputs_of({address: (r.kind, r.identity) for address, r in journal.records.items()}, journal.account)


def _nothing(**_: object) -> tuple[Desired, ...]:
    """Without a config nothing is wanted."""
    return ()


def _warnings(look: Look, planned: Plan, *more: Warning, strict: bool) -> tuple[Warning, ...]:
    left = still_expiring(planned, look.sight.observed, look.moved.records)
    found = (*more, *look.strays.warnings, *look.sight.findings.warnings, *left)
    if strict:
        refuse(found)
    return found


def _stop_if_asked(outcome: Outcome) -> None:
    """Turn an execution that was stopped into its reason: credentials that ended, or the user."""
    for failed in outcome.failed:
        if isinstance(failed.error, AccountChangedError | CredentialsError):
            raise failed.error
    if outcome.stopped:
        raise Interrupted(
            f"Stopped: {len(outcome.done)} changes are done, {len(outcome.skipped)} were not begun or not finished",
            detail="The manifest says how far it went.",
            hint="Run the same command again: it goes on from here.",
        )


class _Said(TypedDict, total=False):
    plan: Plan
    outcome: Outcome
    outputs: Outputs
    warnings: tuple[Warning, ...]
    standings: tuple[Standing, ...]
    state: State


def _result(command: str, journal: Manifest, aws: Aws, **said: Unpack[_Said]) -> Result:
    account, calls = aws.account, (aws.calls.total, aws.calls.mutating)
    return Result(command, journal.stack, journal.env, account.id, account.region, calls=calls, **said)
