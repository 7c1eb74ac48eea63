"""The lab: it stands between the tool's own clients and the local AWS, and lets the rows of a seed at each call.

It listens at botocore's event layer, so botocore signs, parses and repeats as ever, and the code under test is the
product's alone. Time is the lab's own. With one worker a seed gives the same calls and the same faults each time,
except while a bucket is emptied, which has threads of its own.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import local
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from task_deployer.aws import Aws
from task_deployer.events import Event, Waiting
from task_deployer.retry import Patience
from tests.aws import Crash, response
from tests.faults.lab.behind import Behind, clients_of
from tests.faults.lab.call import Answer, Call
from tests.faults.lab.clock import Clock, SleepingFlag
from tests.faults.lab.row import Row
from tests.faults.scene import Scene

LATENCY = 0.05
"""Virtual seconds that a call takes."""


@dataclass(frozen=True)
class Death:
    """The process dies at a mutating request: before it is sent, once it is sent, or once answered.

    `which`: the request of this number, or the first of this operation.
    """

    when: str
    which: int | str


BEFORE, SENT, ANSWERED = "before it was sent", "once it was sent", "once it was answered"


@dataclass
class Heard:
    """How often the tool has waited, and how often it told why: no wait is silent."""

    waits: int = 0
    reasons: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Listen to the tool's reports."""
        if isinstance(event, Waiting):
            self.reasons.append(event.reason)

    @property
    def silent(self) -> bool:
        """Whether it has waited more often than it told why."""
        return self.waits > len(self.reasons)


class Lab:
    """One lab for one life of one stack.

    `asked` are the operations that the tool asked for since `listen_anew`; `foreign` what of others has to be there,
    where a row changed it; `litter` what a row left behind that `down` did not see; `death` is still to come.
    """

    def __init__(self, behind: Behind, rows: Sequence[Row], name: str) -> None:
        self.behind = behind
        self._name = name
        self.rows = tuple(rows)
        self.clock = Clock()
        self.log: list[str] = []
        self.asked: list[str] = []
        self.ever_asked: set[str] = set()
        self.heard = Heard()
        self.foreign: object = None
        self.litter: set[str] = set()
        self.death: Death | None = None
        self._dead = False
        self._sent = 0
        self._local = local()

    @property
    def active(self) -> list[Row]:
        """The rows that are not over yet."""
        return [row for row in self.rows if not row.over]

    @property
    def mutating(self) -> list[str]:
        """What the tool asked for that may change something."""
        return [operation for operation in self.asked if Call("", operation, {}).mutating]

    def listen_anew(self) -> None:
        """Forget what was asked and said; a command begins, in a process that lives."""
        self.asked.clear()
        self.heard = Heard()
        self.clock.begin()
        self._dead = False
        self._sent = 0

    def note(self, row: Row, call: Call, what: str) -> None:
        """Write down what a row did."""
        row.acted = True
        self._write(f"row {row.number}, {row.name}: {call.operation} {call.thing}: {what}")

    def _write(self, line: str) -> None:
        self.log.append(f"{self.clock.now():8.2f} s  {line}".replace(self._name, "NAME"))

    def scene(self, scene: Scene, aws: Aws) -> Scene:
        """The same scene, seen through the lab."""
        patience = Patience(self._sleep, self._hear, self.clock.now)
        return replace(
            scene,
            aws=aws.waiting_with(patience),
            report=lambda event: self.heard(event),  # noqa: PLW0108 - each command is heard anew
            new_flag=lambda: SleepingFlag(self._sleep),
        )

    @contextmanager
    def around(self, aws: Aws) -> Iterator[None]:
        """Stand around these clients. botocore's pauses pass in the lab's time, and its jitter follows a seed."""
        for client in clients_of(aws).values():
            client.meta.events.register_first("provide-client-params", self._remember)
            client.meta.events.register_first("before-send", self._before_send)  # type: ignore[arg-type]  # it answers
            client.meta.events.register_first("after-call", self._after_call)
        state = random.getstate()
        random.seed(0)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=self.clock.sleep))
                yield
        finally:
            random.setstate(state)

    def _hear(self, reason: str) -> None:
        self.heard.reasons.append(reason)

    def _sleep(self, seconds: float) -> None:
        self.heard.waits += 1
        self.clock.sleep(seconds)

    def _remember(self, params: Mapping[str, object], **_: object) -> None:
        self._local.params = dict(params)

    def _before_send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        call = self._call(event_name)
        self.clock.sleep(LATENCY)
        if self._dead:
            raise Crash(call.operation)
        self.asked.append(call.operation)
        self.ever_asked.add(call.operation)
        self._sent += call.mutating
        self._die(call, BEFORE)
        answer = self._met(call) or self._through(call, request)
        return response(str(request.url), answer.status, answer.headers, answer.body)

    def _met(self, call: Call) -> Answer | None:
        for row in self.active:
            answer = row.meet(call, self)
            if answer is not None:
                self.note(row, call, answer.label)
                return answer
        return None

    def _through(self, call: Call, request: AWSPreparedRequest) -> Answer:
        for row in self.active:
            row.sending(call, self)
        answer = self.behind.send(request)
        if answer.good:
            for row in self.rows:
                row.done(call, self)
        self._die(call, SENT)
        for row in self.active:
            answer = row.answered(call, answer, self)
        return answer

    def _after_call(self, event_name: str, **_: object) -> None:
        self._die(self._call(event_name), ANSWERED)

    def _call(self, event_name: str) -> Call:
        _, service, operation = event_name.split(".")
        return Call(service, operation, self._local.params)

    def _die(self, call: Call, when: str) -> None:
        """Die if it is time to; a dead process makes no further call."""
        death = self.death
        if self._dead:
            raise Crash(call.operation)
        if call.mutating and death is not None and death.when == when and death.which in (self._sent, call.operation):
            self._dead, self.death = True, None
            self._write(f"the process dies at {call.operation} {call.thing} {when}")
            raise Crash(call.operation)
