"""The policies that a user can have printed: of the roles, for whoever runs the tool, for the owners of buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from task_deployer import stack
from task_deployer.archive import Archive
from task_deployer.attached import Findings
from task_deployer.aws import Account
from task_deployer.bucket_owner import owner_policies
from task_deployer.commands import Run
from task_deployer.config import Config
from task_deployer.conflicts import is_existing
from task_deployer.deployer_policy import deployer_policies
from task_deployer.encryption import NOTHING, Found
from task_deployer.errors import CredentialsError, ResourceError
from task_deployer.plan import Desired
from task_deployer.policy import Document
from task_deployer.project import Project, prepare
from task_deployer.readdress import Readdressed
from task_deployer.resources import RolePolicy
from task_deployer.session import partition_of
from task_deployer.survey import survey
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word


@dataclass(frozen=True)
class Policies:
    """Documents by name (`key` says of what) for one stack, and what they may lack because AWS could not be asked."""

    key: str
    config: Config
    account: Account
    named: Mapping[str, Document]
    warnings: tuple[Warning, ...] = ()


def of_tasks(project: Project, run: Run) -> Policies:
    """The merged policy of each task's role. AWS is read only where things of others have a part in it."""
    wish = _wish(project, run)
    desired = wish.build()
    theirs = [resource for resource in desired if is_existing(resource)]
    findings = _findings(project, run, wish, theirs) if theirs else None
    if findings is not None:
        desired = wish.build(findings.found)
    named = {resource.scope: resource.document for resource in desired if isinstance(resource, RolePolicy)}
    return Policies("tasks", wish.config, wish.account, named, findings.warnings if findings else ())


def of_deployers(project: Project, run: Run) -> Policies:
    """The least policy for whoever runs the tool, for each command, also for what is on record and no longer wanted.

    Raises what reading the manifest does, and `SafetyError` for another account's or region's.
    """
    wish = _wish(project, run)
    recorded = project.recorded(wish.config)
    if recorded is not None:
        recorded.check_belongs(wish.config.stack.name, wish.config.env, wish.account)
    records = recorded.records if recorded else {}
    return Policies("commands", wish.config, wish.account, deployer_policies(wish.build(), wish.account, records))


def of_bucket_owners(project: Project, run: Run) -> Policies:
    """What the owners of buckets of other accounts have to add to the policies of those buckets, by bucket."""
    wish = _wish(project, run)
    return Policies("buckets", wish.config, wish.account, owner_policies(wish.build(), wish.account))


@dataclass(frozen=True)
class _Wish:
    """All that `stack.build` needs."""

    config: Config
    account: Account
    archives: Mapping[str, Archive]

    def build(self, found: Found = NOTHING) -> tuple[Desired, ...]:
        return stack.build(self.config, self.account, "", self.archives, found=found)


def _wish(project: Project, run: Run) -> _Wish:
    """Read the config; AWS is asked only who we are, if the config is silent on it."""
    config = project.config()
    region = project.region(config, None)
    archives = prepare(config, region)
    guard = config.stack.account
    if guard:
        return _Wish(config, Account(guard, region, partition_of(region)), archives)
    account = project.connect(region, config, run.lookout).account
    return _Wish(config, account, archives)


def _findings(project: Project, run: Run, wish: _Wish, theirs: Sequence[Desired]) -> Findings:
    """Look at the things of others; where AWS cannot be asked, say of each what is not known."""
    try:
        means = run.connect(project.connect(wish.account.region, wish.config, run.lookout))
        policies = [resource for resource in wish.build() if isinstance(resource, RolePolicy)]
        return survey(means, [*theirs, *policies], Readdressed({}), "").findings
    except (CredentialsError, ResourceError) as error:
        why = f"AWS could not be asked ({error.summary}): a right to use its KMS key or to read its versions may lack."
        return Findings(NOTHING, tuple(Warning("encryption-unknown", thing.address, why) for thing in theirs), {})
