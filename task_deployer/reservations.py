"""Whether the account has the concurrency left that the config wants to reserve, told before `up` is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from task_deployer.aws import Aws
from task_deployer.checks import Check, ok, warning
from task_deployer.conflicts import Unreadable
from task_deployer.observe import Question, observe_all
from task_deployer.plan import Desired
from task_deployer.resources import Function
from task_deployer.resources.base import Address
from task_deployer.resources.seen_function import SeenFunction
from task_deployer.walk import Means

GET_LIMITS = "lambda:GetAccountSettings"
"""The right that it takes, which AWS limits to no function."""

_QUESTION = Address("concurrency of the account")
_KEPT = 100
"""What Lambda keeps unreserved for the functions that reserve nothing (Lambda guide, reserved concurrency). An account
whose whole quota is less, as a new one's, can reserve nothing."""


@dataclass(frozen=True)
class _Limits:
    """The account's concurrency in this region, in executions at once."""

    all: int
    unreserved: int


def reservations(means: Means, desired: Sequence[Desired], observed: Mapping[Address, object]) -> Iterator[Check]:
    """One check where `up` is to reserve more than is reserved now; asks Lambda for its limits only there."""
    more = sum(_more(one, observed.get(one.address)) for one in desired if isinstance(one, Function))
    if more > 0:
        seen = observe_all(means, {}, {_QUESTION: Question("lambda", _limits)})[_QUESTION]
        yield _judged(more, seen)


def _more(function: Function, seen: object) -> int:
    now = seen.concurrency if isinstance(seen, SeenFunction) else None
    return max((function.reserved_concurrency or 0) - (now or 0), 0)


def _limits(aws: Aws) -> _Limits:
    found = aws.lambda_.get_account_settings()["AccountLimit"]
    return _Limits(found["ConcurrentExecutions"], found["UnreservedConcurrentExecutions"])


def _judged(more: int, seen: object) -> Check:
    if isinstance(seen, Unreadable):
        told = f"Whether {more} more can be reserved cannot be looked at: {seen.error.summary}"
        return warning("concurrency", told, f"It takes {GET_LIMITS}, which AWS limits to no function.")
    assert isinstance(seen, _Limits)  # noqa: S101 - our own question's answer; for the type checker
    kept = min(_KEPT, seen.all)
    told = f"{more} more to reserve; {seen.unreserved} of the account's {seen.all} are unreserved"
    if seen.unreserved - more >= kept:
        return ok("concurrency", told)
    hint = "Lower reserved_concurrency, take it out, or ask for more `Concurrent executions` in Service Quotas."
    return warning("concurrency", f"{told}, and Lambda keeps {kept} so: `up` would be refused.", hint)
