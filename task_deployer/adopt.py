"""`adopt`: rebuild a manifest that was lost, from what is at AWS. Nothing at AWS changes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from task_deployer import manifest, stack
from task_deployer.adoption import (
    left_alone,
    left_over,
    left_over_entries,
    lineage_of,
    plan_of,
    plan_of_strays,
    records_of,
    refuse_unknown,
)
from task_deployer.aws import Aws
from task_deployer.commands import Run
from task_deployer.conflicts import Unreadable
from task_deployer.errors import SafetyError
from task_deployer.events import TakingOver
from task_deployer.manifest import Manifest
from task_deployer.observe import Question, observe_all
from task_deployer.outputs import outputs_of
from task_deployer.plan import Action, Change, Desired, Plan, renamed
from task_deployer.project import Project, prepare
from task_deployer.readdress import Readdressed, readdressed, refuse_divided
from task_deployer.records import Record
from task_deployer.resources.base import Address
from task_deployer.resources.tagged_things import GET_RESOURCES, TagReader, arns_with
from task_deployer.result import Result
from task_deployer.stray_search import strays
from task_deployer.strays import Strays, ends_of
from task_deployer.survey import Survey, survey
from task_deployer.tags import MANIFEST
from task_deployer.unrecorded import last_change
from task_deployer.walk import Means
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

_LISTING = Address("things of a lineage")


def adopt(project: Project, run: Run, *, lineage: str | None = None) -> Result:
    """Record what bears this stack's tags as its own: all that the config names, and that no manifest records.

    `lineage` says whose, where things of several manifests are there. A manifest that records something is only added
    to, and only what is of its own lineage: a bucket that was kept comes back. What it records of the same thing under
    another address moves, so that nothing is on record twice. Raises `SafetyError` for names of ours that are somebody
    else's, and where the manifest records all there is.
    """
    config = project.config()
    region = project.region(config, None)
    archives = prepare(config, region)
    aws = project.connect(region, config, run.lookout)
    means = run.connect(aws)
    path = project.manifest_path(config.stack.name)
    with manifest.opened(path, config.stack.name, config.env, aws.account) as journal:
        build = partial(stack.build, config, aws.account, archives=archives)
        bare = build(lineage=journal.lineage)
        moved = readdressed(bare, journal.records)
        sight = survey(means, bare, Readdressed({}), journal.base)
        meant = _meant(journal, bare, sight, lineage)
        if meant is None:
            return _result(journal, aws, Plan(), ())
        desired = build(lineage=meant, found=sight.findings.found)
        refuse_divided(desired, moved.records)
        records, found = _recordable(means, desired, sight, meant, moved)
        observed = {**sight.observed, **found.observed}
        if not records and not moved.former:
            raise _recorded_already(journal)
        planned = _planned(found.named(plan_of(desired, observed, records)), plan_of_strays(desired, found), moved)
        means.report(TakingOver(planned))
        taken = [resource for resource in desired if resource.address in records]
        run.confirm(_question(planned, journal, meant, last_change(taken, sight.observed)))
        journal.readdress(moved.records)
        journal.take_over(meant, records)
        journal.bind(taken, sight.observed)
        warnings = (
            *left_alone(desired, sight.observed, meant),
            *_left_over(means, desired, observed, meant),
            *found.warnings,
        )
        return _result(journal, aws, planned, (*warnings, *sight.findings.warnings))


def _meant(journal: Manifest, desired: Sequence[Desired], sight: Survey, chosen: str | None) -> str | None:
    """The lineage to take over; None if nothing bears this stack's tags."""
    refuse_unknown(sight.observed)
    if not journal.records:
        return lineage_of(desired, sight.observed, chosen)
    if chosen not in (None, journal.lineage):
        raise _recorded_already(journal)
    return journal.lineage


def _planned(taken: Plan, unwanted: Plan, moved: Readdressed) -> Plan:
    """What is taken over, and what of ours is wanted under another address."""
    told = {change.address for change in taken.changes}
    moves = (Change(a, moved.records[a].kind, Action.KEEP) for a in moved.former if a not in told)
    return renamed(Plan((*moves, *taken.changes, *unwanted.changes)), moved.former)


def _recordable(
    means: Means, desired: Sequence[Desired], sight: Survey, lineage: str, moved: Readdressed
) -> tuple[dict[Address, Record], Strays]:
    """What is to be recorded of what is there, with what of ours is found in documents of others."""
    records = records_of(desired, sight.observed, lineage, moved.records)
    known = {**moved.records, **records}
    found = strays(means, ends_of(known, means.aws.account), desired, known, sight.observed)
    return {a: r for a, r in found.beside(known).items() if a in records or a in found.records}, found


def _question(planned: Plan, journal: Manifest, lineage: str, since: str) -> str:
    """What is asked. That the manifest was lost is what the user says: a colleague may have it, and go on with it."""
    number, account = len(planned.changes), journal.account
    where = f"{journal.stack}/{journal.env} in account {account.id}, {account.region}"
    told = " ".join(filter(None, (f"They are of the lineage {lineage}.", since)))
    return (
        f"This records {number} resources as those of {where}; `down` will delete its own. {told} If somebody else "
        "deploys this stack with the manifest of that lineage, two would be at work on the same things. Go on?"
    )


def _recorded_already(journal: Manifest) -> SafetyError:
    return SafetyError(
        "There is a manifest of this stack, and nothing of its lineage that it does not record",
        detail=f"{journal.path} is of the lineage {journal.lineage} and records {len(journal.records)} resources. "
        "It was not changed.",
        hint="`status` compares it with what is there. If it is not the right one, move it away and run this again.",
    )


def _left_over(
    means: Means, desired: Sequence[Desired], seen: Mapping[Address, object], lineage: str
) -> Iterator[Warning]:
    """Warn of what bears the lineage and is not in the config, and of its entries, or that nobody could look for it."""
    client: TagReader = means.aws.rare("resourcegroupstaggingapi")  # type: ignore[assignment]  # a client of that API
    question = Question("tag", lambda _: arns_with(client, MANIFEST, lineage))
    found = observe_all(means, {}, {_LISTING: question})[_LISTING]
    if isinstance(found, tuple):
        yield from left_over(found, desired, seen, means.aws.account)
        yield from left_over_entries(found, desired, seen, means.aws.account)
    elif isinstance(found, Unreadable):
        yield Warning(
            "left-over-unknown",
            Address(f"lineage.{lineage}"),
            f"only what the config names was looked for: to be told of the rest needs the right {GET_RESOURCES} "
            f"({found.error.summary}).",
        )


def _result(journal: Manifest, aws: Aws, planned: Plan, warnings: tuple[Warning, ...]) -> Result:
    outputs = outputs_of({address: (r.kind, r.identity) for address, r in journal.records.items()}, journal.account)
    account, calls = aws.account, (aws.calls.total, aws.calls.mutating)
    return Result(
        "adopt",
        journal.stack,
        journal.env,
        account.id,
        account.region,
        plan=planned,
        outputs=outputs,
        warnings=warnings,
        calls=calls,
    )
