"""What a stack offers to others: names, ARNs and URLs, told from identities alone: no config is needed. Pure."""

from collections.abc import Mapping

from task_deployer.aws import Account
from task_deployer.resources import Bucket, Function, LogGroup, Queue, Role
from task_deployer.resources.base import Address, Identity

Outputs = dict[str, dict[str, dict[str, object]]]


def outputs_of(things: Mapping[Address, tuple[str, Identity]], account: Account) -> Outputs:
    """Make the outputs of these (kind, identity), in the shape of `--json`: tasks and command topics."""
    outputs: Outputs = {"tasks": {}, "command_topics": {}}
    buckets = {address.partition(".")[2] for address, (kind, _) in things.items() if kind == Bucket.kind}
    for address, (kind, identity) in sorted(things.items()):
        scope = address.partition(".")[2]
        task = outputs["tasks"].setdefault(scope.partition(".")[0], {}) if _of_task(kind, scope) else {}
        match kind:
            case "function":
                task["function"] = {"name": identity["name"], "arn": Function.arns(account, identity)[0]}
            case "role":
                task["role"] = {"name": identity["name"], "arn": Role.arns(account, identity)[0]}
            case "log_group":
                task["log_group"] = identity["name"]
            case "bucket":
                name = identity["bucket"]
                _bucket(task, scope).update({"name": name, "arn": account.bucket_arn(name)})
            case "queue":
                queue = {"name": identity["arn"].rpartition(":")[2], **identity}
                if scope.endswith(".events"):
                    if scope.removesuffix(".events") in buckets:  # else it waits to be deleted: its bucket has moved on
                        _bucket(task, scope)["event_queue"] = queue
                elif scope.endswith(".failures"):
                    task["failure_queue"] = queue
                else:
                    outputs["command_topics"][scope] = dict(queue)
            case _:
                pass
    return outputs


def _of_task(kind: str, scope: str) -> bool:
    """Whether it is a task's own; of the queues, those that do not hold a topic's commands."""
    return kind in {Function.kind, Role.kind, LogGroup.kind, Bucket.kind} or (kind == Queue.kind and "." in scope)


def _bucket(task: dict[str, object], scope: str) -> dict[str, object]:
    """What is offered of the bucket that a scope names behind its task: `uploads` in `ingest.uploads.events`."""
    buckets = task.setdefault("buckets", {})
    assert isinstance(buckets, dict)  # noqa: S101 - made so one line above; for the type checker
    offered: dict[str, object] = buckets.setdefault(scope.split(".")[1], {})
    return offered
