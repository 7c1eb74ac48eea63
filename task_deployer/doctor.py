"""`doctor`: all that can be looked at without changing anything, when something does not work, or before it has to.

A check that fails stops no other one, but those that need what it found. AWS is asked all at once.
"""

import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import TypeVar

from task_deployer import __version__, manifest_file, stack
from task_deployer.archive import DIRECT_LIMIT, Archive
from task_deployer.aws import Aws
from task_deployer.chain import Scene, links
from task_deployer.checks import Check, Diagnosis, Verdict, clock, failed, lock, ok, warning, worst
from task_deployer.commands import Run
from task_deployer.config import Config
from task_deployer.dead_foreign import about_to_be_written, checks_of_dead, dead_foreign
from task_deployer.deployer_policy import needed_policies
from task_deployer.encryption import NOTHING, Found
from task_deployer.errors import ConfigError, CredentialsError, Interrupted, TaskDeployError
from task_deployer.expiry_checks import expiry_checks
from task_deployer.in_flight import Lookout
from task_deployer.lock_holder import Life
from task_deployer.manifest import Manifest
from task_deployer.plan import Desired, plan_up
from task_deployer.project import Project, check_names, prepare
from task_deployer.readdress import readdressed
from task_deployer.records import interrupted
from task_deployer.refusals import date_of
from task_deployer.reservations import reservations
from task_deployer.resources.base import Address
from task_deployer.rights_checks import rights_checks
from task_deployer.simulation import Refused, Right, lacking, rights_of
from task_deployer.status import compare
from task_deployer.survey import survey
from task_deployer.walk import Means
from task_deployer.warnings import warnings_of

T = TypeVar("T")

_MUCH = 0.8  # of the limit of a package
_MEGABYTE = 1024 * 1024


@dataclass
class _Notes:
    """The checks made so far."""

    checks: list[Check] = field(default_factory=list)

    def attempt(self, name: str, question: Callable[[], T]) -> T | None:
        """Ask; None where that fails, which is a problem of this name. A user who stops is none."""
        try:
            return question()
        except Interrupted:
            raise
        except TaskDeployError as error:
            self.checks.append(failed(name, error))
            return None

    def passes(self, name: str, rule: Callable[[], object]) -> bool:
        """Whether the rule raises nothing; if it does, that is a problem of this name."""
        before = len(self.checks)
        self.attempt(name, rule)
        return len(self.checks) == before

    @property
    def has_problem(self) -> bool:
        """Whether there is one so far."""
        return worst(check.state for check in self.checks) is Verdict.PROBLEM


@dataclass(frozen=True)
class _Ground:
    """What the disk says: the config, the manifest, the region, and the packages of those tasks that can be packed."""

    config: Config | None
    journal: Manifest | None
    region: str | None
    archives: Mapping[str, Archive]


def diagnose(project: Project, run: Run, now: Callable[[], datetime]) -> Diagnosis:
    """Check versions, files, credentials, rights, and each task's chain. Reads only, and takes no lock.

    `now` is this machine's clock. Raises `Interrupted` alone: every other failure is a check.
    """
    notes = _Notes([_versions()])
    ground = _on_disk(project, notes)
    aws = _connected(project, ground, notes, now, run.lookout)
    if aws is not None:
        _at_aws(run.connect(aws), ground, notes)
    name = ground.config.stack.name if ground.config else ground.journal.stack if ground.journal else None
    calls = (aws.calls.total, aws.calls.mutating) if aws else (0, 0)
    account = aws.account.id if aws else None
    return Diagnosis(name, project.env, account, ground.region, tuple(notes.checks), calls)


def _versions() -> Check:
    python, boto3 = platform.python_version(), version("boto3")
    return ok("versions", f"task-deploy {__version__}, Python {python}, boto3 {boto3}")


def _on_disk(project: Project, notes: _Notes) -> _Ground:
    config = notes.attempt("config", project.config_if_any)
    is_broken = notes.has_problem
    if config is not None:
        tasks = ", ".join(config.tasks) or "none"
        notes.checks.append(ok("config", f"{config.folder} is valid for {config.env}; tasks: {tasks}"))
        notes.checks += [warning("config", f"{one.address}: {one.message}", "") for one in warnings_of(config)]
    journal = _recorded(project, notes)
    if journal is not None and config is None and not is_broken:
        notes.checks.append(ok("config", "none: only what is recorded is looked at"))
    elif journal is None and config is None and not notes.has_problem:
        notes.checks.append(failed("config", project.nothing_here()))
    region = notes.attempt("region", lambda: project.region(config, journal))
    if region is not None:
        notes.checks.append(ok("region", region))
    archives = _packages(config, region, notes) if config and region else {}
    return _Ground(config, journal, region, archives)


def _recorded(project: Project, notes: _Notes) -> Manifest | None:
    """The manifest, who holds its lock, and what an earlier run did not finish."""
    try:
        path = project.manifest_meant()
        hold = manifest_file.signed(path) if path else None
        journal = project.to_take_down()[1]
    except ConfigError:  # told already: the config does not even say whose manifest is meant
        return None
    except TaskDeployError as error:
        notes.checks.append(failed("manifest", error))
        return None
    held = [lock(hold)] if hold else []
    if journal is None:
        notes.checks += [ok("manifest", "none: nothing is deployed yet"), *held]
        return None
    told = f"{journal.path} records {len(journal.records)} resources of {journal.stack}/{journal.env}"
    notes.checks += [ok("manifest", told), *held]
    begun = [f"{address} ({record.status})" for address, record in journal.records.items() if interrupted(record)]
    if begun and (hold is None or hold.life is Life.DEAD):
        hint = "Run the command that was interrupted again, `up` or `down`: it goes on from there."
        notes.checks.append(warning("interrupted", f"An earlier run did not finish: {', '.join(begun)}", hint))
    return journal


def _packages(config: Config, region: str, notes: _Notes) -> dict[str, Archive]:
    """Pack each task alone, so that one that cannot be packed hides no other."""
    if not notes.passes("names", lambda: check_names(config, region)):
        return {}
    archives: dict[str, Archive] = {}
    for task in config.tasks:
        packed = notes.attempt(f"package.{task}", lambda only=task: prepare(config, region, only))  # type: ignore[misc]  # bound at once
        for archive in (packed or {}).values():
            archives[task] = archive
            notes.checks.append(_package(task, archive))
    return archives


def _package(task: str, archive: Archive) -> Check:
    size = len(archive.content)
    told = f"{archive.files} files, {size / _MEGABYTE:.1f} of the {DIRECT_LIMIT // _MEGABYTE} MB that Lambda takes"
    if size < _MUCH * DIRECT_LIMIT:
        return ok(f"package.{task}", told)
    return warning(f"package.{task}", told, "Move large data out of the source folder, for instance into a bucket.")


def _connected(
    project: Project, ground: _Ground, notes: _Notes, now: Callable[[], datetime], lookout: Lookout
) -> Aws | None:
    """The clients, if AWS knows who we are and the account is the one that is meant."""
    region = ground.region
    if region is None:
        return None
    try:
        aws = project.connect(region, None, lookout)
    except TaskDeployError as error:
        notes.checks.append(failed("credentials" if isinstance(error, CredentialsError) else "connection", error))
        if answered := date_of(error.__cause__):
            notes.checks.append(clock(answered, now()))
        told = "Not looked at without AWS: rights, and what is deployed."
        notes.checks.append(warning("aws", told, "Run `task-deploy doctor` again when the problem above is solved."))
        return None
    notes.checks += [ok("credentials", aws.caller.arn), clock(aws.caller.date, now())]
    journal = ground.journal
    if not notes.passes("account", lambda: project.check_account(ground.config, aws.account)):
        return None
    if journal is not None and not notes.passes("manifest", partial(journal.check_account, aws.account)):
        return None
    notes.checks.append(ok("account", f"{aws.account.id} ({aws.account.partition}), {region}"))
    return aws


def _at_aws(means: Means, ground: _Ground, notes: _Notes) -> None:
    """Read all that is wanted or recorded and ask about the rights, at the same time."""
    journal = ground.journal
    desired = _desired(means.aws, ground, notes)
    moved = readdressed(desired, journal.records if journal else {})
    base, age, lineage = (journal.base, journal.age, journal.lineage) if journal else ("", 0.0, "")
    records = moved.records
    needed = needed_policies(desired, means.aws.account, records) if desired else {}
    wanted = {name: rights_of(document) for name, document in needed.items()}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_lacking, means, frozenset[Right]().union(*wanted.values()))
        sight = notes.attempt("resources", lambda: survey(means, desired, moved, base, age))
        missing = means.aws.lookout.until(asked)
    notes.checks += rights_checks(means.aws.caller, wanted, missing)
    if sight is None:
        return
    observed, written = sight.observed, tuple[Address, ...]()
    notes.checks += [warning("attached", f"{one.address}: {one.message}", "") for one in sight.findings.warnings]
    if desired:
        desired = _desired(means.aws, ground, notes, sight.findings.found)
        planned = notes.attempt("plan", lambda: plan_up(desired, observed, records, lineage))
        if planned is not None:
            many = f"{len(planned.pending)} resource{'' if len(planned.pending) == 1 else 's'}"
            notes.checks.append(ok("plan", f"`up` would change {many}" if planned.pending else "nothing to do"))
            written = about_to_be_written(planned)
        notes.checks += notes.attempt("concurrency", lambda: tuple(reservations(means, desired, observed))) or ()
    notes.checks += notes.attempt("expiry", lambda: tuple(expiry_checks(means, desired, ground.config))) or ()
    dead = notes.attempt("destinations", lambda: dead_foreign(means, tuple(observed), desired, records, observed))
    notes.checks += checks_of_dead(dead or (), written)
    if journal is not None:
        notes.checks += links(Scene(desired, records, observed, compare(desired, observed, records, journal.lineage)))


def _desired(aws: Aws, ground: _Ground, notes: _Notes, found: Found = NOTHING) -> Sequence[Desired]:
    """What the config wants, if all of it can be packed; otherwise what is recorded is looked at alone."""
    config = ground.config
    if config is None or ground.archives.keys() != config.tasks.keys():
        return ()
    lineage = ground.journal.lineage if ground.journal else ""
    build = partial(stack.build, config, aws.account, lineage, ground.archives, found=found)
    return notes.attempt("config", build) or ()


def _lacking(means: Means, rights: frozenset[Right]) -> Mapping[Right, Refused] | TaskDeployError:
    """The rights that lack, or why that cannot be told."""
    try:
        return lacking(means, rights) if rights else {}
    except Interrupted:
        raise
    except TaskDeployError as error:
        return error
