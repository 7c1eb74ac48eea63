"""How two policy documents differ, statement by statement: who reads a plan sees which one it is about. Pure."""

from task_deployer import policy
from task_deployer.resources.base import Difference


def policy_differences(wanted: policy.Document, found: policy.Document, prefix: str = "") -> tuple[Difference, ...]:
    """One difference for each statement, by its id; one for the whole where no statement differs by itself."""
    if policy.canonical(found) == policy.canonical(wanted):
        return ()
    ours, theirs = policy.by_statement(wanted), policy.by_statement(found)
    differences = tuple(
        Difference(f"{prefix}Statement.{sid}", ours.get(sid), theirs.get(sid))
        for sid in {**ours, **theirs}
        if ours.get(sid) != theirs.get(sid)
    )
    return differences or (Difference(f"{prefix}PolicyDocument", policy.text(wanted), policy.text(found)),)
