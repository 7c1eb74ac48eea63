"""Putting back what others may do with a function that an earlier run made anew, where that died or was refused."""

from collections.abc import Collection
from functools import partial

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.errors import Interrupted, ManifestError
from task_deployer.kept_statements import StatementKeeper
from task_deployer.manifest import Manifest
from task_deployer.observe import ask_all
from task_deployer.records import Status
from task_deployer.resources import Function
from task_deployer.resources.base import Address
from task_deployer.resources.statements import put_back
from task_deployer.walk import Means


def put_back_kept(means: Means, journal: Manifest, wanted: Collection[Address]) -> None:
    """Put the kept statements back into the policies of these functions, where they are there as wanted, and tell it.

    Nothing is asked where nothing is kept. Raises `Interrupted` when asked to stop; what is kept stays so then.
    """
    ready = {address: r for address, r in journal.records.items() if r.status is Status.READY and address in wanted}
    names = {address: r.identity["name"] for address, r in ready.items() if r.kind == Function.kind}
    kept = StatementKeeper(journal.path).functions()
    deeds = {address: partial(_put_back, address, name) for address, name in names.items() if name in kept}
    if not deeds:
        return
    try:
        ask_all(means, deeds)
    except Interrupted as error:
        raise Interrupted(
            "Stopped before all statements of others were put back",
            detail="All else is done, and they are kept beside the manifest.",
            hint="Run `task-deploy up` again: it puts them back.",
        ) from error


def _put_back(address: Address, function: str, aws: Aws) -> None:
    try:
        statements = aws.care.statements.kept(function)
    except ManifestError as error:
        aws.care.tell(Remark("statements-kept", address, f"{error.summary}. {error.detail} {error.hint}"))
        return
    done = put_back(aws, function, statements)
    if done:
        ids = ", ".join(str(one.get("Sid")) for one in done)
        message = f"An earlier run ended while it made {function} anew. What others may do with it is put back: {ids}."
        aws.care.tell(Remark("statements-put-back", address, message))
