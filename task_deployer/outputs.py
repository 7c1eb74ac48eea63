"""What a stack offers to others: names, ARNs and URLs, told from identities alone: no config is needed. Pure."""

from collections.abc import Mapping

from task_deployer.aws import Account
from task_deployer.resources import Function, LogGroup, Queue, Role
from task_deployer.resources.base import Address, Identity

Outputs = dict[str, dict[str, dict[str, object]]]


def outputs_of(things: Mapping[Address, tuple[str, Identity]], account: Account) -> Outputs:
    """Make the outputs of these (kind, identity), in the shape of `--json`: tasks and command topics."""
    outputs: Outputs = {"tasks": {}, "command_topics": {}}
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
                _bucket(task)[scope.partition(".")[2]] = {
                    "name": identity["bucket"],
                    "arn": account.bucket_arn(identity["bucket"]),
                }
            case "queue":
                queue = {"name": identity["arn"].rpartition(":")[2], **identity}
                if scope.endswith(".failures"):
                    task["failure_queue"] = queue
                else:
                    outputs["command_topics"][scope] = dict(queue)
            case _:
                pass
    return outputs


def _of_task(kind: str, scope: str) -> bool:
    return kind in {Function.kind, Role.kind, LogGroup.kind, "bucket"} or (
        kind == Queue.kind and scope.endswith(".failures")
    )


def _bucket(task: dict[str, object]) -> dict[str, object]:
    buckets = task.setdefault("buckets", {})
    assert isinstance(buckets, dict)  # noqa: S101 - made so one line above; for the type checker
    return buckets
