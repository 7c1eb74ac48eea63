"""Reading AWS: many questions at once, and again where AWS may not show yet what was written.

What AWS stores it shows a while later, and some of it in turns with what was there before: bucket documents, queue
attributes, roles and policies. So what `up` wrote is looked at once more at its end, until AWS shows it.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from task_deployer.aws import Aws
from task_deployer.conflicts import Unreadable
from task_deployer.errors import Interrupted, ResourceError
from task_deployer.in_flight import BEAT
from task_deployer.refusals import CALL_ERRORS, explain, is_answer, on_behalf_of
from task_deployer.resources import KINDS
from task_deployer.resources.base import Address, AnyResource, Identity, is_absent
from task_deployer.retry import looking
from task_deployer.throttle import persistently
from task_deployer.walk import Means, Waits

T = TypeVar("T")

SHOWN_SECONDS = 120
"""How long AWS may show what was there before a write (bucket documents: 1 to 2 minutes, back and forth)."""

FORGET = "AWS to forget what was deleted a moment ago"
"""The reason of whoever waits until something is no longer shown."""


@dataclass(frozen=True)
class Question:
    """One reading of an API, named as IAM writes it: `s3`."""

    api: str
    ask: Callable[[Aws], object]


def observe_all(
    means: Means, things: Mapping[Address, tuple[str, Identity]], besides: Mapping[Address, Question] | None = None
) -> dict[Address, object]:
    """Read all these (kind, identity) at once: what was seen, None for absent, or `Unreadable`.

    `besides` are questions that are no resource of their own, asked and answered in the same way.
    Raises `CredentialsError` and what is no refusal of a read; `Interrupted` when asked to stop.
    """
    questions: dict[Address, Callable[[Aws], object]] = {a: partial(observe_one, *thing) for a, thing in things.items()}
    questions |= {address: partial(ask, question) for address, question in (besides or {}).items()}
    seen = ask_all(means, questions)
    return {address: _named(value, address) for address, value in seen.items()}


@dataclass(frozen=True)
class Shown:
    """What AWS showed at the end of a run: `seen` of each thing that was looked at.

    `late` still shows what was there before. `changed` shows neither that nor what was written, so somebody else wrote
    too: the paths that differ, none where it is gone.
    """

    seen: Mapping[Address, object] = field(default_factory=dict)
    late: tuple[Address, ...] = ()
    changed: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)


def until_shown(means: Means, written: Iterable[AnyResource], before: Mapping[Address, object]) -> Shown:
    """Look until AWS shows all of this as it was written, for two minutes at most. Asked to stop, look no more.

    `before` is what was seen of it before it was written.
    """
    resources = {resource.address: resource for resource in written if resource.lags}
    try:
        looks = ask_all(means, {address: partial(_until_shown, wanted) for address, wanted in resources.items()})
    except Interrupted:
        return Shown()
    seen = {address: look.seen for address, look in looks.items()}
    bad = [address for address, look in looks.items() if not look.is_good]
    late = tuple(a for a in bad if _is_as_before(resources[a], seen[a], before.get(a)))
    return Shown(seen, late, {a: _off(resources[a], seen[a]) for a in bad if a not in late})


def until_gone(aws: Aws, kind: str, identity: Identity) -> bool:
    """Look until AWS shows nothing more of what was removed, for two minutes at most; whether it still does."""
    look = partial(_look_again, kind, identity, aws)
    return _is_shown(looking(aws.patience, FORGET, SHOWN_SECONDS, look, _is_shown))


def ask_all(means: Means, questions: Mapping[Address, Callable[[Aws], T]]) -> dict[Address, T]:
    """Ask AWS all these questions at once. Raises what a question raises; `Interrupted` when asked to stop."""
    waits = Waits(means)
    with ThreadPoolExecutor(means.workers) as pool:
        jobs = {address: pool.submit(waits.do, address, question) for address, question in questions.items()}
        running: set[Future[T]] = set(jobs.values())
        while running:
            _, running = wait(running, timeout=BEAT, return_when=FIRST_COMPLETED)
            waits.report()
            if means.stop.is_set():
                running = {job for job in running if not job.cancel()}
        if means.stop.is_set():
            raise Interrupted(
                "Stopped while reading", detail="Nothing was changed.", hint="Run the same command again when it suits."
            )
        return {address: _answer(job) for address, job in jobs.items()}


def _answer(job: Future[T]) -> T:
    try:
        return job.result()
    except CALL_ERRORS as error:
        raise explain(error) from error


def _named(value: object, address: Address) -> object:
    if isinstance(value, Unreadable):
        value.error.address = value.error.address or address
    return value


def observe_one(kind: str, identity: Identity, aws: Aws) -> object:
    """Read one thing: what was seen, None for absent, or `Unreadable`."""
    verbs = KINDS[kind]

    def look(clients: Aws) -> object:
        with on_behalf_of(verbs.rights, verbs.arns(aws.account, identity)):
            return verbs.observe(clients, identity)

    return ask(Question(verbs.rights.api, look), aws)


def ask(question: Question, aws: Aws) -> object:
    """Ask one question: the answer, or `Unreadable` where AWS refuses it. Raises what is no refusal."""
    try:
        return persistently(aws.patience, aws.pace, question.api, partial(question.ask, aws))
    except ResourceError as error:
        return Unreadable(error)
    except CALL_ERRORS as error:
        explained = explain(error)
        if isinstance(explained, ResourceError) and is_answer(error):
            return Unreadable(explained)
        raise explained from error


def _look_again(kind: str, identity: Identity, aws: Aws) -> object:
    """Look at what a verb has done. What cannot be read now is no failure of the verb, nor of what else was done."""
    try:
        return observe_one(kind, identity, aws)
    except ResourceError as error:
        return Unreadable(error)


def _is_shown(seen: object) -> bool:
    """Whether it is there to be seen; what may not be read is taken to be gone, since its deletion was answered."""
    return not isinstance(seen, Unreadable) and not is_absent(seen)


@dataclass(frozen=True)
class _Look:
    seen: object
    is_good: bool
    is_enough: bool


def _until_shown(wanted: AnyResource, aws: Aws) -> _Look:
    """Look once, and where that shows something else, until two looks in a row do not: reads go back and forth."""
    good: list[bool] = []

    def look() -> _Look:
        seen = _look_again(wanted.kind, wanted.identity, aws)
        good.append(_is_as_written(wanted, seen))
        return _Look(seen, good[-1], is_enough=good == [True] or good[-2:] == [True, True])

    reason = "AWS to show what was written"
    return looking(aws.patience, reason, SHOWN_SECONDS, look, lambda found: not found.is_enough)


def _is_as_written(wanted: AnyResource, seen: object) -> bool:
    """Whether it is so; what may not be read is taken on trust, since the write was answered."""
    if isinstance(seen, Unreadable):
        return True
    return wanted.wants_nothing if is_absent(seen) else not wanted.diff(seen)


def _is_as_before(wanted: AnyResource, seen: object, before: object) -> bool:
    """Whether all that is not as written is as it was before: then AWS may be late, or somebody has put that back."""
    if is_absent(seen) or is_absent(before):
        return is_absent(seen) and is_absent(before)
    former = wanted.diff(before)
    return all(difference in former for difference in wanted.diff(seen))


def _off(wanted: AnyResource, seen: object) -> tuple[str, ...]:
    return () if is_absent(seen) else tuple(difference.path for difference in wanted.diff(seen))
