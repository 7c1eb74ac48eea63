"""The least policy that whoever runs the tool needs, for each command and this config. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from task_deployer.attached import attached_buckets
from task_deployer.aws import Account
from task_deployer.plan import Desired
from task_deployer.policy import Document, Statement, merge
from task_deployer.resources import EventSource, Role
from task_deployer.resources.base import Referenced
from task_deployer.resources.bucket_traits import TRAITS
from task_deployer.resources.kms_key import DESCRIBE
from task_deployer.resources.rights import Rights
from task_deployer.resources.tagged_things import GET_RESOURCES

Pick = Callable[[Rights], tuple[str, ...]]


def deployer_policies(desired: Sequence[Desired], account: Account) -> Mapping[str, Document]:
    """Make one policy document for each command. `sts:GetCallerIdentity` needs no right.

    What is somebody else's is only read. An `up` that is to remove what the config dropped needs the rights of `down`
    as well.
    """
    ours = [resource for resource in desired if not _is_referenced(resource)]
    theirs = [resource for resource in desired if _is_referenced(resource)]
    listed = _listing(desired)
    attached = [_traits(desired, account), _keys(desired, account)]
    reading = tuple(_statements(desired, account, lambda rights: rights.read))
    read = merge([*reading, *attached, listed])
    borrowed = list(_statements(theirs, account, lambda rights: rights.read, "Referenced"))
    passed = [_pass_role(ours, account), _map_events(ours, account)]
    make = _statements(ours, account, lambda rights: (*rights.read, *rights.write))
    remove = _statements(ours, account, lambda rights: (*rights.read, *rights.delete))
    return {
        "plan": read,
        "status": read,
        "adopt": merge(
            [*_statements(desired, account, lambda rights: rights.read), *attached, _listing(desired, GET_RESOURCES)]
        ),
        "up": merge([*make, *passed, *borrowed, *attached, listed]),
        "down": merge([*remove, *borrowed, listed]),
    }


def _is_referenced(resource: Desired) -> bool:
    return isinstance(resource, Referenced) and resource.existing


def _statements(desired: Iterable[Desired], account: Account, pick: Pick, prefix: str = "") -> Iterator[Statement]:
    """One statement a kind, on the ARNs of all resources of that kind."""
    arns: dict[str, dict[str, None]] = {}
    actions: dict[str, dict[str, None]] = {}
    for resource in desired:
        arns.setdefault(resource.kind, {}).update(dict.fromkeys(resource.arns(account, resource.identity)))
        actions.setdefault(resource.kind, {}).update(dict.fromkeys(pick(resource.rights)))
    for kind, resources in arns.items():
        sid = prefix + "".join(word.capitalize() for word in kind.split("_"))
        yield Statement(sid, tuple(actions[kind]), tuple(resources))


def _traits(desired: Sequence[Desired], account: Account) -> Statement:
    """What is looked at of buckets of others. A refusal is no more than a warning."""
    arns = dict.fromkeys(account.bucket_arn(bucket.name) for bucket in attached_buckets(desired))
    return Statement("AttachedBuckets", tuple(trait.action for trait in TRAITS), tuple(arns))


def _keys(desired: Sequence[Desired], account: Account) -> Statement:
    """Find the keys behind aliases. Which keys they are is not known beforehand, nor in whose account."""
    borrowed = any(_is_referenced(resource) for resource in desired)
    keys = replace(account, id="*").arn("kms", "key/*")
    return Statement("DescribeKeys", (DESCRIBE,), (keys,) if borrowed else ())


def _listing(desired: Iterable[Desired], *more: str) -> Statement:
    """What AWS lets nobody limit to one thing."""
    actions = dict.fromkeys([*(action for resource in desired for action in resource.rights.listing), *more])
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
