"""What the simulation of rights says to a user: a check for `up`, and one for `down`. Pure."""

from collections.abc import Iterator, Mapping

from task_deployer.caller import Caller
from task_deployer.checks import Check, Verdict, ok, warning
from task_deployer.errors import TaskDeployError
from task_deployer.forbidden import advice, remedy
from task_deployer.simulation import Refused, Right

_SHOWS = "`task-deploy policy --deployer` prints the rights that each command takes."
_LIMITS = "a simulation, which knows no session policy and no policy of the things themselves"


def rights_checks(
    caller: Caller, wanted: Mapping[str, frozenset[Right]], missing: Mapping[Right, Refused] | TaskDeployError
) -> Iterator[Check]:
    """One check for each command in `wanted`; one in all where nothing could be simulated."""
    if not wanted:
        return
    if isinstance(missing, TaskDeployError):
        told = "\n".join(filter(None, (f"They cannot be checked here: {missing.summary}", missing.detail)))
        yield warning("rights", told, _SHOWS)
        return
    if caller.sort == "root":
        yield ok("rights", "the root user may do everything that the organization allows; a role of its own is safer")
        return
    for command, rights in wanted.items():
        lacking = [missing[right] for right in sorted(rights & missing.keys())]
        yield _check(command, len(rights), lacking)


def _check(command: str, number: int, lacking: list[Refused]) -> Check:
    """A right for `down` can be got later, and what depends on conditions may be there: neither is a problem yet."""
    name = f"rights.{command}"
    if not lacking:
        return ok(name, f"all {number} that `{command}` takes ({_LIMITS})")
    sure = [refused for refused in lacking if not refused.unknown]
    state = Verdict.PROBLEM if sure and command == "up" else Verdict.WARNING
    denials = [refused.denial for refused in lacking]
    lines = [f"{len(lacking)} of the {number} that `{command}` takes are missing", *_by_arn(lacking), *remedy(denials)]
    return Check(name, state, "\n".join(lines), advice(denials))


def _by_arn(lacking: list[Refused]) -> Iterator[str]:
    """The missing actions of each ARN, with what a simulation cannot say about them."""
    actions: dict[str, list[str]] = {}
    for refused in lacking:
        actions.setdefault(refused.denial.resources[0], []).append(refused.denial.action + _why(refused))
    for arn, named in actions.items():
        yield f"{arn}: {', '.join(named)}"


def _why(refused: Refused) -> str:
    denial = refused.denial
    by = [f"denied by a {denial.policy or 'policy'}"] if denial.explicit or denial.policy else []
    unless = [f"unless {', '.join(refused.unknown)} allows it"] if refused.unknown else []
    return f" ({'; '.join([*by, *unless])})" if by or unless else ""
