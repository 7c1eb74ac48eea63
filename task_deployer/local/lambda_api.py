"""The Lambda calls that are answered here rather than by moto: Invoke, and where moto's answer misleads a deployer."""

import json
import re
import uuid
import zipfile
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction

from task_deployer.local import mapping_api, moto_state
from task_deployer.local.async_events import AsyncEvent
from task_deployer.local.call import Call, Reply, json_error, json_reply
from task_deployer.local.function import Answer, Function
from task_deployer.local.permissions import statements_of, trusts
from task_deployer.local.process import ACCOUNT

_FUNCTION_PATH = re.compile(
    r"/[\d-]+/functions/(?P<name>[^/]+)/(?P<what>invocations|policy|event-invoke-config)(/(?P<rest>[^/]*))?"
)
_FUNCTION = re.compile(r"/[\d-]+/functions/(?P<name>[^/]+)/?")
_SETS_ROLE = re.compile(r"/[\d-]+/functions(/?|/[^/]+/configuration/?)")
_SETTINGS = re.compile(r"/[\d-]+/account-settings/?")
_CONCURRENCY = 1000  # a region's quota, but for new accounts
_MISSING = "ResourceNotFoundException"


class LambdaApi:
    """Answers a few Lambda calls.

    `run` executes a function, `accept` queues an event for it, `retire` is told the ARN of one that was deleted.
    """

    def __init__(
        self,
        *,
        run: Callable[[Function, bytes, str], Answer],
        accept: Callable[[AsyncEvent], None],
        retire: Callable[[str], None],
    ) -> None:
        self._run = run
        self._accept = accept
        self._retire = retire

    def invoke(self, call: Call) -> Reply | None:
        """Answers Invoke; None for every other call. Runs for as long as the function does, so it must hold no lock."""
        found = _FUNCTION_PATH.fullmatch(call.path)
        if call.service != "lambda" or found is None or found["what"] != "invocations" or call.method != "POST":
            return None
        name = unquote(found["name"])
        function = moto_state.find_function(call.region, name)
        if function is None:
            arn = f"arn:{moto_state.partition(call.region)}:lambda:{call.region}:{ACCOUNT}:function:"
            return json_error(404, _MISSING, f"Function not found: {arn}{name.rpartition('function:')[2]}")
        if not _is_json(call.body or b"{}"):
            message = "Could not parse request body into json: Could not parse payload into json"
            return json_error(400, "InvalidRequestContentException", message)
        return self._start(function, call)

    def delete(self, call: Call, moto: Callable[[Call], Reply]) -> Reply | None:
        """Answers DeleteFunction, which ends the function's warm sandboxes; None for every other call."""
        found = _FUNCTION.fullmatch(call.path)
        if call.service != "lambda" or call.method != "DELETE" or found is None or "Qualifier" in call.query:
            return None
        function = moto_state.moto_function(call.region, unquote(found["name"]))
        reply = moto(call)
        if function is not None and reply.status == HTTPStatus.NO_CONTENT:
            self._retire(function.function_arn)
        return reply

    def _start(self, function: Function, call: Call) -> Reply:
        kind = call.headers.get("x-amz-invocation-type", "RequestResponse")
        payload = call.body or b"{}"
        if kind == "DryRun":
            return Reply(204, (), b"")
        request_id = str(uuid.uuid4())
        if kind == "Event":
            self._accept(AsyncEvent(function.region, function.name, payload, request_id))
            return Reply(202, (("x-amzn-RequestId", request_id),), b"")
        try:
            answer = self._run(function, payload, request_id)
        except zipfile.BadZipFile:
            return json_error(502, "InvalidZipFileException", "Lambda could not unzip the deployment package.")
        headers = [("x-amzn-RequestId", request_id), ("X-Amz-Executed-Version", "$LATEST")]
        if answer.error is not None:
            headers.append(("X-Amz-Function-Error", answer.error))
        if call.headers.get("x-amz-log-type") == "Tail":
            headers.append(("X-Amz-Log-Result", answer.log_tail.decode("ascii")))
        return Reply(200, (("Content-Type", "application/json"), *headers), answer.payload)


def answer(call: Call) -> Reply | None:
    """Refuses what AWS refuses and moto does not; None for what moto may answer."""
    if call.service != "lambda":
        return None
    if call.method == "GET" and _SETTINGS.fullmatch(call.path):
        return _account_settings(call)
    refused = mapping_api.answer(call)
    if refused is not None:
        return refused
    if _SETS_ROLE.fullmatch(call.path) and call.method in {"POST", "PUT"}:
        return _refuse_role(json.loads(call.body).get("Role"))
    found = _FUNCTION_PATH.fullmatch(call.path)
    function = None if found is None else moto_state.moto_function(call.region, unquote(found["name"]))
    return None if found is None or function is None else _correct(call, found, function)


def _correct(call: Call, found: re.Match[str], function: LambdaFunction) -> Reply | None:
    sids = [statement.get("Sid") for statement in function.policy.statements]
    match call.method, found["what"]:
        case "POST", "policy":
            return _refuse_known_statement(sids, json.loads(call.body).get("StatementId"))
        case "DELETE", "policy":
            return _refuse_unknown_statement(sids, unquote(found["rest"] or ""))
        case "PUT", "event-invoke-config":
            # moto appends each put and reads the first.
            function.event_invoke_config.clear()
        case _:
            pass
    return None


def _account_settings(call: Call) -> Reply:
    # moto has no such call. Nothing limits how much runs at once here.
    reserved = sum(int(function.reserved_concurrency or 0) for function in moto_state.moto_functions(call.region))
    limit = {"ConcurrentExecutions": _CONCURRENCY, "UnreservedConcurrentExecutions": _CONCURRENCY - reserved}
    return json_reply(200, {"AccountLimit": limit})


def _refuse_role(arn: str | None) -> Reply | None:
    # moto takes any role that exists, also one that trusts another service.
    trust = moto_state.role_trust(arn) if arn else None
    if trust is None or trusts(
        statements_of([trust]), service="lambda.amazonaws.com", action="sts:AssumeRole", context={}
    ):
        return None
    message = "The role defined for the function cannot be assumed by Lambda."
    return json_error(400, "InvalidParameterValueException", message)


def _refuse_known_statement(sids: list[object], sid: object) -> Reply | None:
    # moto appends a second statement with the same id.
    if sid not in sids:
        return None
    message = (
        f"The statement id ({sid}) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )
    return json_error(409, "ResourceConflictException", message)


def _refuse_unknown_statement(sids: list[object], sid: str) -> Reply | None:
    # moto says of a wrong statement id that there is no policy at all.
    if not sids:
        return json_error(404, _MISSING, "No policy is associated with the given resource.")
    if sid not in sids:
        return json_error(404, _MISSING, f"Statement {sid} is not found in resource policy.")
    return None


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True
