"""The engine: carries a plan out, what is wanted forwards, then what goes backwards.

What each change writes into the manifest, before its call and after it, is decided here; how the graph is walked is
walk.py's.
"""

from collections.abc import Mapping
from dataclasses import replace

from task_deployer.aws import Aws
from task_deployer.conflicts import is_existing
from task_deployer.errors import AccountChangedError, ResourceError, SafetyError, TaskDeployError, UnsureError
from task_deployer.events import Outcome, Skipped
from task_deployer.forbidden import CODES
from task_deployer.hidden import is_still_there
from task_deployer.manifest import Manifest
from task_deployer.observe import until_gone
from task_deployer.outlived import known_id
from task_deployer.plan import Action, Change, Desired, Plan
from task_deployer.records import Origin, Record, Status, entries_in_others, with_status
from task_deployer.refusals import CALL_ERRORS, leaves_open, on_behalf_of
from task_deployer.resources import KINDS
from task_deployer.resources.base import ENTRIES, Address, HoldsData, Identity, entries_of, joined, same_thing
from task_deployer.resources.other_writers import Borrowing
from task_deployer.resources.tied import Bound
from task_deployer.resources.unmade import made_nothing
from task_deployer.strays import left_there
from task_deployer.walk import Means, Steps, Walk


def execute(
    plan: Plan, desired: Mapping[Address, Desired], observed: Mapping[Address, object], manifest: Manifest, means: Means
) -> Outcome:
    """Carry the plan out: what is wanted forwards, then, if all of that went well, what goes backwards."""
    wishes = tuple(change for change in plan.changes if change.address in desired)
    outcome = _Forwards(desired, observed, manifest, plan).walk(wishes, means)
    removals = tuple(change for change in plan.changes if change.address not in desired)
    if outcome.failed or outcome.stopped:
        because = "stopped" if outcome.stopped else "something else failed before it"
        skipped = tuple(change for change in removals if change.action is not Action.KEEP)
        for change in skipped:
            means.report(Skipped(change, because))
        return replace(outcome, skipped=(*outcome.skipped, *(change.address for change in skipped)))
    after = _Backwards(observed, manifest).walk(removals, means)
    return replace(after, done=(*outcome.done, *after.done))


class _Forwards:
    """Create and update: the record says so before the call, and what is there after it."""

    def __init__(
        self, desired: Mapping[Address, Desired], observed: Mapping[Address, object], manifest: Manifest, plan: Plan
    ) -> None:
        self._desired = desired
        self._observed = observed
        self._manifest = manifest
        self._known = dict(manifest.records)
        self._planned = {change.address for change in plan.changes}
        self._doubtful: set[Address] = set()

    def walk(self, changes: tuple[Change, ...], means: Means) -> Outcome:
        edges = {c.address: {parent.address for parent in self._desired[c.address].depends_on} for c in changes}
        return Walk(changes, edges, Steps(self._intend, self._job, self._settle, self._failed), means).run()

    def _record(self, change: Change) -> Record:
        resource = self._desired[change.address]
        edges = dict.fromkeys(parent.address for parent in resource.depends_on)
        edges |= dict.fromkeys(self._spared_edges(change.address))
        origin = Origin.ADOPTED if is_existing(resource) else Origin.CREATED
        bound_to = known_id(self._known.get(change.address))
        return Record(resource.kind, self._identity(change), tuple(edges), origin, bound_to=bound_to)

    def _identity(self, change: Change) -> Identity:
        """The identity as wanted, and with it the recorded entries in a shared document that the run is not about."""
        wanted, old = self._desired[change.address].identity, self._known.get(change.address)
        spared = set(entries_of(old.identity)) - set(change.entries) if old else set[str]()
        return joined(wanted, {ENTRIES: " ".join(spared)}) if spared else wanted

    def _spared_edges(self, address: Address) -> tuple[Address, ...]:
        """The recorded edges to what this run is not about: in a document that tasks share, those of the others."""
        old = self._known.get(address)
        edges = old.depends_on if old else ()
        return tuple(edge for edge in edges if edge in self._known and edge not in self._planned)

    def _intend(self, change: Change) -> None:
        new, old = self._record(change), self._known.get(change.address)
        identity = joined(new.identity, old.identity) if old else new.identity
        status = Status.CREATING if change.action is Action.CREATE else Status.UPDATING
        self._manifest.put(change.address, replace(new, identity=identity, status=status))

    def _job(self, change: Change, aws: Aws) -> None:
        resource = self._desired[change.address]
        anew = change.anew and not self._is_tied_as_before(resource, aws)
        with on_behalf_of(resource.rights, resource.arns(aws.account, resource.identity)):
            if anew:
                resource.make_anew(aws)
            elif change.action is Action.CREATE:
                self._create(resource, aws)
            else:
                resource.update(aws, self._observed[change.address])

    def _is_tied_as_before(self, resource: Desired, aws: Aws) -> bool:
        """Whether what the thing is tied to was there all along: AWS may have hidden it when it was looked for.

        One that was seen to be another is not asked for again: a late read might show the former one.
        """
        if not isinstance(resource, Bound) or self._observed.get(resource.bound_to.address) is not None:
            return False
        known = known_id(self._known.get(resource.address))
        return bool(known) and is_still_there(aws, resource.bound_to, known)

    def _settle(self, change: Change) -> None:
        """Write the outcome down. What one made now is tied to is known once that was looked at.

        A changed thing that AWS may go on to show as it was is no outcome yet: it stays begun until AWS was seen to
        show it. If the run dies before, the next one writes it again, whatever a look shows.
        """
        if self._desired[change.address].wants_nothing:
            self._manifest.forget(change.address)
            return
        unseen = change.action is Action.UPDATE and self._desired[change.address].lags
        record = with_status(self._record(change), Status.UPDATING if unseen else Status.READY)
        is_new = change.anew or change.action is Action.CREATE
        self._manifest.put(change.address, replace(record, bound_to="") if is_new else record)

    def _create(self, resource: Desired, aws: Aws) -> None:
        """Make it. Of what may be there although a try failed the promise stays, whatever a later try is told."""
        try:
            resource.create(aws)
        except CALL_ERRORS as error:
            if leaves_open(error):
                self._doubtful.add(resource.address)
            raise

    def _failed(self, change: Change, error: TaskDeployError) -> None:
        """Take the promise back where nothing of ours was made: the name is somebody's, or AWS refused to make it.

        Else what anybody makes later under that name would pass for ours. What was recorded of another thing under this
        address is as true as before.
        """
        resource = self._desired[change.address]
        refused = change.address not in self._doubtful and made_nothing(error.__cause__, resource.made_by)
        if isinstance(error, AccountChangedError | UnsureError) or not (refused or isinstance(error, SafetyError)):
            return
        old = self._known.get(change.address)
        if old is None:
            self._manifest.forget(change.address)
        elif not same_thing(old.identity, resource.identity):
            self._manifest.put(change.address, old)


class _Backwards:
    """Delete, dependents first: the record says so before the call, and is gone after it."""

    def __init__(self, observed: Mapping[Address, object], manifest: Manifest) -> None:
        self._observed = observed
        self._manifest = manifest
        self._records = dict(manifest.records)
        self._passing = entries_in_others(self._records)
        self._outlived: Mapping[Address, Record] = {}
        self._taken_along: dict[Address, list[Address]] = {}
        self._going: set[Address] = set()

    def walk(self, changes: tuple[Change, ...], means: Means) -> Outcome:
        edges: dict[Address, set[Address]] = {change.address: set() for change in changes}
        self._going = set(edges)
        self._outlived = entries_in_others({c.address: self._records[c.address] for c in changes if not c.forgets})
        for change in changes:
            for parent in self._records[change.address].depends_on:
                if parent in edges:
                    edges[parent].add(change.address)
            task = change.address.split(".")[1]
            first = {Address(f"{kind}.{task}") for kind in KINDS[change.kind].outlives}
            edges[change.address] |= first & edges.keys()
            if change.goes_with is not None:
                self._taken_along.setdefault(change.goes_with, []).append(change.address)
        return Walk(changes, edges, Steps(self._intend, self._job, self._settle), means).run()

    def _intend(self, change: Change) -> None:
        self._manifest.put(change.address, with_status(self._records[change.address], Status.DELETING))

    def _job(self, change: Change, aws: Aws) -> None:
        try:
            self._remove(change, aws)
        except ResourceError as error:
            if not change.stray or error.code not in CODES:
                raise
            aws.care.tell(left_there(change, error))

    def _remove(self, change: Change, aws: Aws) -> None:
        kind, identity = KINDS[change.kind], self._records[change.address].identity
        if ENTRIES in identity:
            identity = {**identity, ENTRIES: " ".join(change.entries)}
        with on_behalf_of(kind.rights, kind.arns(aws.account, identity)):
            if change.empties and issubclass(kind, HoldsData):
                kind.discard(aws, identity)
            elif change.address in self._outlived and issubclass(kind, Borrowing):
                beside_others = change.address in self._passing
                kind.take_out(aws, identity, self._observed.get(change.address), beside_others=beside_others)
            else:
                kind.delete(aws, identity)
        self._see_it_gone(change, aws)

    def _see_it_gone(self, change: Change, aws: Aws) -> None:
        """Look until what we had in others' documents is gone: once it is forgotten, what still shows is theirs."""
        record = self._passing.get(change.address)
        passing = set(entries_of(record.identity)).intersection(change.entries) if record is not None else set[str]()
        if record is not None and passing:
            shown = until_gone(aws, record.kind, {**record.identity, ENTRIES: " ".join(sorted(passing))})
            if shown:
                raise ResourceError(
                    f"AWS still shows what was removed: {change.address}",
                    code="StillShown",
                    detail="Somebody else may have put it back from an older copy of the document.",
                    hint="Run the same command again: it is still on record.",
                )

    def _settle(self, change: Change) -> None:
        """Forget it, and what went with it: not before, since the deletion may fail and leave all of it at AWS."""
        rest = self._rest(change)
        if rest is not None:
            self._manifest.put(change.address, rest)
        elif change.action is Action.DELETE or change.forgets:
            self._manifest.forget(change.address, *self._taken_along.get(change.address, ()))

    def _rest(self, change: Change) -> Record | None:
        """What stays on record of a shared document: the entries that this run is not about."""
        old = self._records[change.address]
        entries = [entry for entry in entries_of(old.identity) if entry not in change.entries]
        edges = tuple(edge for edge in old.depends_on if edge not in self._going)
        return (
            replace(old, identity={**old.identity, ENTRIES: " ".join(entries)}, depends_on=edges) if entries else None
        )
