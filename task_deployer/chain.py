"""How each task's chain stands, from the bucket to the failure queue: one check a link. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from task_deployer.checks import Check, Verdict, ok, warning, worst
from task_deployer.plan import Desired
from task_deployer.records import Record
from task_deployer.resources import (
    EventRule,
    EventSource,
    Function,
    Notifications,
    Permission,
    Queue,
    Role,
    RolePolicy,
)
from task_deployer.resources.base import Address
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.resources.seen_function import SeenFunction
from task_deployer.status import Standing, State

_WAYS = {Permission.kind, EventRule.kind, EventSource.kind}
"""The kinds that bring a bucket's events to a function."""

_GATES = {Notifications.kind, *_WAYS, Role.kind, RolePolicy.kind}
"""The kinds whose drift can keep an event or a command from getting through."""

_LINKS = {Role.kind: "role", RolePolicy.kind: "role", Function.kind: "function"}
_UP = "`task-deploy up` makes it as wanted; `task-deploy plan` shows what that changes."
_MANAGED = "alias/aws/sqs"  # whoever may use the queue may use this key (KMS developer guide, ViaService)
_UNDER_WAY = ("Pending", "InProgress")


@dataclass(frozen=True)
class Scene:
    """What is wanted, recorded and seen, and how each thing stands."""

    desired: Sequence[Desired]
    records: Mapping[Address, Record]
    observed: Mapping[Address, object]
    standings: Sequence[Standing]


def links(scene: Scene) -> Iterator[Check]:
    """One check for each link of each task's chain, tasks in order, the topics at the end."""
    grouped: dict[str, list[Standing]] = {}
    for standing in scene.standings:
        for name in _names(standing.change.address, standing.change.kind, scene):
            grouped.setdefault(name, []).append(standing)
    for name in sorted(grouped, key=_place):
        yield _check(name, grouped[name], scene)
    for name in sorted(grouped, key=_place):
        yield from _beyond(name, grouped[name], scene)


def _names(address: Address, kind: str, scene: Scene) -> Iterator[str]:
    """The links that a resource belongs to. A bucket's notifications belong to each task that listens there."""
    scope = address.partition(".")[2]
    task, _, rest = scope.partition(".")
    if kind == Notifications.kind:
        ways = [e.partition(".") for e in _edges(address, scene)]
        heard = {scope for way, _, scope in ways if way in _WAYS}
        yield from (_named(one, "events") for one in sorted(heard))
    elif kind in _WAYS or scope.endswith(".events"):
        yield _named(scope, "events")
    elif kind == Queue.kind:
        yield f"{task}.failures" if rest else f"topic.{task}"
    elif rest:
        yield _named(scope, "bucket")
    else:
        yield f"{task}.{_LINKS.get(kind, 'function')}"


def _named(scope: str, what: str) -> str:
    task, bucket = scope.split(".")[:2]
    return f"{task}.{what}.{bucket}"


def _edges(address: Address, scene: Scene) -> tuple[str, ...]:
    resource = next((r for r in scene.desired if r.address == address), None)
    record = scene.records.get(address)
    return tuple(p.address for p in resource.depends_on) if resource else record.depends_on if record else ()


_ORDER = ("bucket", "events", "function", "role", "failures")


def _place(name: str) -> tuple[bool, str, int, str]:
    """Where a link stands in the chain; topics are shared by tasks, and come last."""
    task, what = name.split(".")[:2]
    is_topic = task == "topic" and what not in _ORDER
    return is_topic, task, 0 if is_topic else _ORDER.index(what), name


def _check(name: str, standings: Sequence[Standing], scene: Scene) -> Check:
    """A link is as bad as its worst part; what is in order is not named."""
    judged = [(_verdict(standing), standing) for standing in standings]
    lines = [_words(standing) for verdict, standing in judged if verdict is not Verdict.OK]
    failing = [line for standing in standings for line in _failing(scene.observed.get(standing.change.address))]
    state = worst([*(verdict for verdict, _ in judged), *(Verdict.PROBLEM for _ in failing)])
    if state is Verdict.OK:
        return ok(name, _fine(standings, scene))
    unknown = all(standing.state in (State.OK, State.UNKNOWN) for standing in standings)
    hint = "`task-deploy policy --deployer` prints the rights it takes." if unknown and not failing else _UP
    return Check(name, state, "\n".join([*lines, *failing]), hint)


def _verdict(standing: Standing) -> Verdict:
    match standing.state:
        case State.OK:
            return Verdict.OK
        case State.DRIFTED if standing.change.kind not in _GATES:
            return Verdict.WARNING
        case State.UNKNOWN:
            return Verdict.WARNING
        case _:
            return Verdict.PROBLEM


def _words(standing: Standing) -> str:
    paths = ", ".join(difference.path for difference in standing.change.differences)
    about = f" ({standing.change.reason or paths})" if standing.change.reason or paths else ""
    return f"{standing.change.address} is {standing.state}{about}"


def _failing(seen: object) -> Iterator[str]:
    if isinstance(seen, SeenFunction) and seen.status not in ("settled", *_UNDER_WAY):
        yield f"Lambda says of the function: {seen.status}"


def _fine(standings: Sequence[Standing], scene: Scene) -> str:
    """That it is well, and who else hears of the bucket's objects."""
    seen = [scene.observed.get(standing.change.address) for standing in standings]
    others = any(isinstance(one, SeenNotifications) and "EventBridgeConfiguration" in one.document for one in seen)
    return "as wanted; EventBridge is told, too" if others else "as wanted" if scene.desired else "there"


def _beyond(name: str, standings: Sequence[Standing], scene: Scene) -> Iterator[Check]:
    """What is wrong where everything is as wanted: events that failed, and a key that the role may not use."""
    for standing in standings:
        seen = scene.observed.get(standing.change.address)
        if not isinstance(seen, SeenQueue):
            continue
        arn = seen.attributes.get("QueueArn", "")
        if name.endswith(".failures") and seen.messages:
            many = "1 failed event waits" if seen.messages == 1 else f"{seen.messages} failed events wait"
            told = f"{many} in {arn.rpartition(':')[2]}"
            task = name.partition(".")[0]
            yield warning(f"{task}.failed", told, f"The logs of {task} say why; each message holds event and error.")
        key = seen.attributes.get("KmsMasterKeyId", _MANAGED)
        for task in _without_key(arn, scene.desired) if key != _MANAGED else ():
            told = f"Messages to {arn} are encrypted with the key {key}, which the role of {task} may not use."
            hint = (
                "This release grants no keys: give the queue SQS's own encryption (SSE-SQS), or allow the role there."
            )
            yield warning(f"{task}.key", told, hint)


def _without_key(arn: str, desired: Sequence[Desired]) -> Iterator[str]:
    """The tasks whose role may send to the queue, and use no key for it."""
    for resource in desired:
        if isinstance(resource, RolePolicy):
            text = json.dumps(resource.document)
            if json.dumps(arn) in text and "kms:GenerateDataKey" not in text:
                yield resource.scope
