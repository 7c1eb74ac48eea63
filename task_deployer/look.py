"""What the commands look at before they decide, and what an `up` or a `down` makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from task_deployer import survey
from task_deployer.attached import noted
from task_deployer.data_loss import Choices, heeding
from task_deployer.dead_foreign import about_to_be_written, dead_foreign, refuse_dead
from task_deployer.deliveries import with_outgoing
from task_deployer.earlier_groups import taking_over
from task_deployer.hidden import let_new_show, let_tags_show
from task_deployer.manifest import Manifest
from task_deployer.one_task import records_of, sparing
from task_deployer.plan import Desired, Plan, plan_down, plan_up, renamed
from task_deployer.readdress import Readdressed, readdressed
from task_deployer.records import Record
from task_deployer.resources.base import Address
from task_deployer.stray_search import strays
from task_deployer.strays import NO_STRAYS, Strays, going
from task_deployer.survey import Survey
from task_deployer.walk import Means


@dataclass(frozen=True)
class Look:
    """What is wanted in the light of what is there, what is recorded of it, each where it is wanted, and what was seen.

    `moved` are all records of the manifest, also those that the run is not about. `strays` are in all of these: what of
    ours goes to what this run deletes, and was on no record.
    """

    desired: tuple[Desired, ...]
    records: Mapping[Address, Record]
    sight: Survey
    moved: Readdressed
    strays: Strays = NO_STRAYS


def look_at(means: Means, build: Callable[..., tuple[Desired, ...]], journal: Manifest, only: str | None) -> Look:
    """Read all that the run is about, and build what is wanted in the light of it: the policies depend on keys."""
    bare = build()
    moved = readdressed(bare, journal.records)
    records = records_of(moved.records, only, bare)
    sight = survey.survey(means, bare, replace(moved, records=records), journal.base, journal.age)
    desired = sparing(build(found=sight.findings.found), moved.records, records)
    return Look(desired, records, sight, moved)


def look_at_recorded(means: Means, journal: Manifest, age: float, choices: Choices) -> Look:
    """Read all that is recorded, for a run that is to remove it; `age` is that of the newest record in seconds."""
    moved = Readdressed(journal.records)
    sight = survey.survey(means, (), moved, journal.base)
    observed = let_new_show(means, _removed(journal.records, choices), sight.observed, age)
    observed = let_tags_show(means, journal.records, observed, journal.lineage)
    return _with_strays(means, Look((), journal.records, replace(sight, observed=observed), moved), journal.lineage)


def settled(means: Means, look: Look, journal: Manifest, choices: Choices) -> Look:
    """The same for a run that is to make the wanted: what is only still shown has passed, tags and what is new came."""
    sight = survey.settled(means, look.desired, look.records, look.sight, journal)
    desired = with_outgoing(look.desired, look.records, sight.observed, journal.lineage)
    wanted = {resource.address for resource in desired}
    unwanted = {address: record for address, record in look.records.items() if address not in wanted}
    observed = let_new_show(means, _removed(unwanted, choices), sight.observed, journal.age)
    return _with_strays(means, replace(look, desired=desired, sight=replace(sight, observed=observed)), journal.lineage)


def _removed(records: Mapping[Address, Record], choices: Choices) -> dict[Address, Record]:
    """The records of what is removed, of those of what is not wanted."""
    return {address: record for address, record in records.items() if record.kind not in choices.kept}


def _with_strays(means: Means, look: Look, lineage: str) -> Look:
    """The same, with what of ours no record names and goes to what the run deletes."""
    observed = look.sight.observed
    ends = going(look.desired, look.records, observed, lineage, means.aws.account)
    found = strays(means, ends, look.desired, look.records, observed)
    return replace(
        look,
        records=found.beside(look.records),
        sight=replace(look.sight, observed={**observed, **found.observed}),
        moved=replace(look.moved, records=found.beside(look.moved.records)),
        strays=found,
    )


def planned_up(look: Look, lineage: str, choices: Choices) -> Plan:
    """Decide what an `up` does, heeding what the user chose. Raises what `plan_up` does."""
    planned = plan_up(look.desired, look.sight.observed, look.records, lineage)
    noting = taking_over(noted(planned, look.sight.findings.notes), look.desired, look.sight.observed, look.records)
    return heeding(look.strays.named(renamed(noting, look.moved.former)), choices, look.records)


def planned_down(look: Look, lineage: str, choices: Choices) -> Plan:
    """Decide how all that is recorded goes, heeding what the user chose. Raises what `plan_down` does."""
    planned = plan_down(look.records, look.sight.observed, lineage, choices.kept)
    return heeding(look.strays.named(planned), choices, look.records)


def refuse_dead_in(means: Means, planned: Plan, look: Look, choices: Choices) -> None:
    """Look at what others have in the documents that the plan writes; raise `SafetyError` for what S3 would refuse.

    Where that is to be passed over nothing is looked at.
    """
    if not choices.skip_dead_foreign:
        documents = about_to_be_written(planned)
        refuse_dead(dead_foreign(means, documents, look.desired, look.records, look.sight.observed))
