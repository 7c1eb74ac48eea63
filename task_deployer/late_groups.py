"""Log groups that come back: an execution that outlives its function makes its group anew, without our tags."""

import shlex
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.errors import TaskDeployError
from task_deployer.observe import ask_all, observe_one
from task_deployer.refusals import CALL_ERRORS, explain
from task_deployer.resources.base import Address, Identity
from task_deployer.resources.log_group import LogGroup, SeenLogGroup
from task_deployer.walk import Means


def remove_late_groups(means: Means, gone: Mapping[Address, Identity]) -> None:
    """Look once more for log groups that this run deleted; delete what is back, and tell that it may be again.

    One round trip at the end of a run, and no pause: an execution may go on for 15 minutes after its function was
    deleted, and its role's right to make the group works on for a while. Nothing here makes the run fail: its work is
    done. Whether a function ran lately cannot be known as cheaply: the times of log streams are up to an hour late
    (DescribeLogStreams, API reference).
    """
    if gone:
        with suppress(TaskDeployError):
            ask_all(means, {address: partial(_remove, address, identity) for address, identity in gone.items()})


def _remove(address: Address, identity: Identity, aws: Aws) -> None:
    seen = observe_one(LogGroup.kind, identity, aws)
    if not isinstance(seen, SeenLogGroup) or seen.tags:
        return
    try:
        LogGroup.delete(aws, identity)
    except CALL_ERRORS as error:
        outcome = f"It could not be deleted once more: {explain(error).summary}."
    else:
        outcome = "It was deleted once more, and may come back for some minutes."
    name, region = identity["name"], aws.account.region
    message = (
        f"{name} was back after its deletion: an execution that outlived its function wrote to it. {outcome} "
        f"`aws logs delete-log-group --log-group-name {shlex.quote(name)} --region {region}` deletes it then."
    )
    aws.care.tell(Remark("log-group-came-back", address, message))
