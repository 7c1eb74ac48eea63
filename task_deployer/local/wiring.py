"""Puts the parts of the local AWS together: seams into moto, executor, queue of events, gateway, socket."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from task_deployer.local import moto_queues, moto_state, seams
from task_deployer.local.async_events import AsyncEvents
from task_deployer.local.deliveries import Deliveries
from task_deployer.local.event_sources import EventSources
from task_deployer.local.executor import Executor
from task_deployer.local.function import Function
from task_deployer.local.gateway import Gateway
from task_deployer.local.lambda_api import LambdaApi
from task_deployer.local.permissions import Verdict, judge
from task_deployer.local.place import Place
from task_deployer.local.process import ACCOUNT, LocalAws
from task_deployer.local.runtime_packages import lay_out
from task_deployer.local.sandbox import Host
from task_deployer.local.wire import Server

log = logging.getLogger(__name__)


@contextmanager
def open_server(
    place: Place, port: int, retry_waits: tuple[float, ...], identify: Callable[[str], LocalAws]
) -> Iterator[Server]:
    """Opens a server that is ready to serve; at the end all sandboxes are gone. Once a process, as moto is one."""
    sandboxes = place.sandboxes
    server = Server(port)
    executor = Executor(
        Host(sandboxes, lay_out(sandboxes / "runtime"), server.url),
        assume=moto_state.assume,
        publish=_publish_log,
    )
    events = AsyncEvents(find=moto_state.find_function, run=executor.run, send_failure=_send_failure, waits=retry_waits)
    sources = EventSources(find=moto_state.find_function, run=executor.run, waits=retry_waits)
    seams.install(Deliveries(accept=events.accept, chain_of=executor.chain_of).observe, sources.wake)
    lambdas = LambdaApi(run=executor.run, accept=events.accept, retire=executor.retire)
    server.answer = Gateway(lambdas, asdict(identify(server.url)), place.log).answer
    try:
        yield server
    finally:
        server.server_close()
        events.close()
        sources.close()
        executor.close()


def _publish_log(function: Function, stream: str, lines: tuple[str, ...]) -> None:
    """Writes an execution's log as far as the role allows it; Lambda drops without a word what it may not write."""
    arn = f"arn:{moto_state.partition(function.region)}:logs:{function.region}:{ACCOUNT}:log-group:"
    group = f"{arn}{function.log_group}"
    needed = [
        ("logs:CreateLogStream", f"{group}:log-stream:{stream}"),
        ("logs:PutLogEvents", f"{group}:log-stream:{stream}"),
    ]
    if not moto_state.log_group_exists(function.region, function.log_group):
        needed.append(("logs:CreateLogGroup", f"{group}:*"))
    policies = moto_state.role_policies(function.role)
    refused = [action for action, resource in needed if judge(policies, action, resource) is not Verdict.ALLOWED]
    if refused:
        log.warning("The log of %s was dropped: its role does not allow %s", function.name, ", ".join(refused))
        return
    moto_state.write_log(function.region, function.log_group, stream, lines)


def _send_failure(function: Function, record: str) -> None:
    """Sends a failure record with the rights of the function's role; without them, or the queue, it is dropped."""
    destination = function.asynchronous.on_failure
    if destination is None or ":sqs:" not in destination:
        return
    if judge(moto_state.role_policies(function.role), "sqs:SendMessage", destination) is not Verdict.ALLOWED:
        log.warning("A failure record of %s was dropped: its role may not send to %s", function.name, destination)
    elif not moto_queues.send(destination, record):
        log.warning("A failure record of %s was dropped: there is no queue %s", function.name, destination)
