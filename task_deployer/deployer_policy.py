"""The least policy that whoever runs the tool needs, for each command and this config. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from task_deployer.attached import attached_buckets
from task_deployer.aws import Account
from task_deployer.conflicts import is_existing
from task_deployer.plan import Desired
from task_deployer.policy import Document, Statement, merge
from task_deployer.records import Origin, Record
from task_deployer.reservations import GET_LIMITS
from task_deployer.resources import KINDS, EventSource, Function, Lifecycle, Notifications, Role
from task_deployer.resources.base import Address, Identity
from task_deployer.resources.bucket_traits import TRAITS
from task_deployer.resources.destinations import FUNCTION_ACTIONS, QUEUE_ACTIONS, TOPIC_ACTIONS
from task_deployer.resources.kms_key import DESCRIBE
from task_deployer.resources.rights import Rights
from task_deployer.resources.tagged_things import GET_RESOURCES
from task_deployer.simulation import READ_ROLE, SIMULATE

Pick = Callable[[Rights], tuple[str, ...]]
Records = Mapping[Address, Record]
_NONE: Records = MappingProxyType({})


@dataclass(frozen=True)
class _Thing:
    """What rights are about: one resource, wanted or only recorded. `theirs`: it is somebody else's."""

    kind: str
    identity: Identity
    theirs: bool

    @property
    def rights(self) -> Rights:
        return KINDS[self.kind].rights


def deployer_policies(desired: Sequence[Desired], account: Account, records: Records = _NONE) -> Mapping[str, Document]:
    """Make one policy document for each command. `sts:GetCallerIdentity` needs no right.

    What is somebody else's is only read. What is on record and not in the config any more is read by all, and removed
    by `up`; by `down` all is. What only explains a refusal is in as well: where it is forbidden, less is told.
    """
    things = _things(desired, records)
    dropped = _dropped(desired, records)
    read = [*_statements(things, account, lambda rights: rights.read), *_attached(desired, account), _listing(things)]
    looking = list(_destinations(things, account))
    needed = _needed(desired, account, records)
    notifications = [thing for thing in things if thing.kind == Notifications.kind]
    wanted = _things(desired, _NONE)
    replacing = _statements(_of_ours(wanted), account, lambda rights: rights.replacing, "Replaced")
    adopting = [*_statements(wanted, account, lambda rights: rights.read), *_attached(desired, account)]
    return {
        "plan": merge([*read, *replacing, *looking]),
        "status": merge(read),
        "policy": merge(read),
        "doctor": merge([*read, *looking, *_simulating(account), *_reserving(desired), _left_rules(desired, account)]),
        "adopt": merge([*adopting, *_looking_for_strays(wanted, account), _listing(wanted, GET_RESOURCES)]),
        "up": merge([*needed["up"], *looking, *_explaining(dropped, account)]),
        "down": merge([*needed["down"], *looking, *_explaining(things, account)]),
        "restore-notifications": merge(
            [*_statements(notifications, account, lambda rights: (*rights.read, *rights.write)), *looking]
        ),
    }


def needed_policies(desired: Sequence[Desired], account: Account, records: Records = _NONE) -> Mapping[str, Document]:
    """The policies of `up` and `down`, without what they only explain refusals with."""
    return {command: merge(statements) for command, statements in _needed(desired, account, records).items()}


def _needed(desired: Sequence[Desired], account: Account, records: Records) -> dict[str, list[Statement]]:
    things, dropped = _things(desired, records), _dropped(desired, records)
    wanted = [thing for thing in _things(desired, _NONE) if not thing.theirs]
    make = _statements(wanted, account, lambda rights: (*rights.read, *rights.write, *rights.replacing))
    remove = _statements(_of_ours(things), account, lambda rights: (*rights.read, *rights.delete))
    drop = _statements(_of_ours(dropped), account, lambda rights: (*rights.read, *rights.delete), "Dropped")
    borrowed = list(
        _statements([thing for thing in things if thing.theirs], account, lambda rights: rights.read, "Referenced")
    )
    ours = [resource for resource in desired if not is_existing(resource)]
    passed = [_pass_role(ours, account), _map_events(ours, account)]
    listed = _listing(things)
    return {
        "up": [*make, *passed, *borrowed, *_attached(desired, account), *drop, _widening(dropped), listed],
        "down": [*remove, *borrowed, listed],
    }


def _things(desired: Iterable[Desired], records: Records) -> list[_Thing]:
    """All that is wanted, and what is only recorded."""
    wanted = {resource.address: resource for resource in desired}
    return [
        *(_Thing(resource.kind, resource.identity, is_existing(resource)) for resource in wanted.values()),
        *_dropped(wanted.values(), records),
    ]


def _dropped(desired: Iterable[Desired], records: Records) -> list[_Thing]:
    wanted = {resource.address for resource in desired}
    left = [record for address, record in records.items() if address not in wanted]
    return [_Thing(record.kind, record.identity, record.origin is Origin.ADOPTED) for record in left]


def _of_ours(things: Iterable[_Thing]) -> list[_Thing]:
    return [thing for thing in things if not thing.theirs]


def _statements(things: Iterable[_Thing], account: Account, pick: Pick, prefix: str = "") -> Iterator[Statement]:
    """One statement a kind, on the ARNs of all resources of that kind; none where nothing is picked."""
    arns: dict[str, dict[str, None]] = {}
    for thing in things:
        arns.setdefault(thing.kind, {}).update(dict.fromkeys(KINDS[thing.kind].arns(account, thing.identity)))
    for kind, resources in arns.items():
        actions = tuple(dict.fromkeys(pick(KINDS[kind].rights)))
        if actions:
            sid = prefix + "".join(word.capitalize() for word in kind.split("_"))
            yield Statement(sid, actions, tuple(resources))


def _widening(dropped: Iterable[_Thing]) -> Statement:
    """A queue of events that goes must not hold its function's timeout back until then."""
    queues = dict.fromkeys(thing.identity["reads"] for thing in dropped if thing.kind == EventSource.kind)
    return Statement("WidenDroppedQueues", ("sqs:SetQueueAttributes",), tuple(queues))


def _explaining(things: Iterable[_Thing], account: Account) -> Iterator[Statement]:
    yield from _statements(_of_ours(things), account, lambda rights: rights.explaining, "Explain")


def _looking_for_strays(things: Iterable[_Thing], account: Account) -> Iterator[Statement]:
    """See which buckets may send to our functions: there may be entries of ours there, or CORS rules, on no record."""
    functions = [thing for thing in things if thing.kind == Function.kind]
    yield from _statements(functions, account, lambda rights: rights.explaining, "Explain")


def _destinations(things: Iterable[_Thing], account: Account) -> Iterator[Statement]:
    """Look at what others' entries in the same documents go to. Which that is is not known beforehand."""
    if any(thing.kind == Notifications.kind for thing in things):
        yield Statement("LookAtFunctions", FUNCTION_ACTIONS, (account.arn("lambda", "function:*"),))
        yield Statement("LookAtQueues", QUEUE_ACTIONS, (account.arn("sqs", "*"),))
        yield Statement("LookAtTopics", TOPIC_ACTIONS, (account.arn("sns", "*"),))


def _simulating(account: Account) -> Iterator[Statement]:
    """Ask about the rights of whoever runs this, who is not known beforehand."""
    role, user = account.iam_arn("role/*"), account.iam_arn("user/*")
    yield Statement("AskTheSimulator", (SIMULATE,), (role, user))
    yield Statement("FindTheCallersRole", (READ_ROLE,), (role,))


def _reserving(desired: Sequence[Desired]) -> Iterator[Statement]:
    """Ask what the account has left to reserve, where something is to be reserved."""
    if any(isinstance(resource, Function) and resource.reserved_concurrency for resource in desired):
        yield Statement("AccountLimits", (GET_LIMITS,), ("*",))


def _attached(desired: Sequence[Desired], account: Account) -> tuple[Statement, ...]:
    return _traits(desired, account), _keys(desired, account)


def _traits(desired: Sequence[Desired], account: Account) -> Statement:
    """What is looked at of buckets of others. A refusal is no more than a warning."""
    arns = dict.fromkeys(account.bucket_arn(bucket.name) for bucket in attached_buckets(desired))
    return Statement("AttachedBuckets", tuple(trait.action for trait in TRAITS), tuple(arns))


def _left_rules(desired: Sequence[Desired], account: Account) -> Statement:
    """Look for rules of ours that were left in what is somebody else's now. Where that is forbidden, less is told."""
    arns = dict.fromkeys(account.bucket_arn(bucket.name) for bucket in attached_buckets(desired))
    return Statement("AttachedLifecycle", Lifecycle.rights.read, tuple(arns))


def _keys(desired: Sequence[Desired], account: Account) -> Statement:
    """Find the keys behind aliases. Which keys they are is not known beforehand, nor in whose account."""
    borrowed = any(is_existing(resource) for resource in desired)
    keys = replace(account, id="*").arn("kms", "key/*")
    return Statement("DescribeKeys", (DESCRIBE,), (keys,) if borrowed else ())


def _listing(things: Iterable[_Thing], *more: str) -> Statement:
    """What AWS lets nobody limit to one thing."""
    actions = dict.fromkeys([*(action for thing in things for action in thing.rights.listing), *more])
    return Statement("Listing", tuple(actions), ("*",) if actions else ())


def _pass_role(desired: Iterable[Desired], account: Account) -> Statement:
    """CreateFunction hands the role to Lambda: a right of its own, limited to Lambda."""
    roles = tuple(resource.arn(account) for resource in desired if isinstance(resource, Role))
    condition = (("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),)
    return Statement("PassRole", ("iam:PassRole",), roles, condition)


def _map_events(desired: Iterable[Desired], account: Account) -> Statement:
    """A new event source mapping has no ARN yet: what can be said is which functions it may run."""
    sources = [resource for resource in desired if isinstance(resource, EventSource)]
    actions = dict.fromkeys(action for source in sources for action in source.rights.making)
    functions = [("ArnEquals", "lambda:FunctionArn", source.function.arn(account)) for source in sources]
    return Statement("MapEvents", tuple(actions), ("*",) if sources else (), tuple(functions))
