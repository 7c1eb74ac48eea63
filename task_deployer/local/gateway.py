"""Every request passes here: who calls, whether its role allows it, and who answers."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from task_deployer.local import lambda_api, moto_state, s3_api
from task_deployer.local.call import Call, Reply, current, host_id, json_reply, service_error
from task_deployer.local.moto_state import RoleSession
from task_deployer.local.permissions import Verdict, judge
from task_deployer.local.process import ACCOUNT, IDENTITY_PATH
from task_deployer.local.wanted import Wanted, wanted

Environ = dict[str, object]
Answer = Callable[[Call, Environ], Reply]
_UNKNOWN = "The local AWS does not know this call."

log = logging.getLogger(__name__)


class Gateway:
    """Answers requests: its own few paths, then Lambda's and S3's corrections, then moto.

    `identity` is what its own path tells; `server_log` is the file that callers are pointed to where a call fails.
    """

    def __init__(self, lambdas: lambda_api.LambdaApi, identity: object, server_log: Path) -> None:
        self._lambdas = lambdas
        self._identity = identity
        self._server_log = server_log
        self._moto = _Dispatcher(create_backend_app)

    def answer(self, call: Call, environ: Environ) -> Reply:
        """Answers one request. `environ` is the same request as WSGI has it, for moto."""
        if call.path == IDENTITY_PATH:
            return json_reply(200, self._identity)
        token = current.set(call)
        try:
            return _signed_by_s3(call, self._answer_or_explain(call, environ))
        finally:
            current.reset(token)

    def _answer_or_explain(self, call: Call, environ: Environ) -> Reply:
        try:
            reply = self._checked(call, environ)
        except NotImplementedError as error:  # moto's word for what it lacks: "The X action has not been implemented"
            return service_error(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"{_UNKNOWN} {error}")
        except Exception:  # a request's border: the caller learns where to look, the log has the traceback
            log.exception("%s %s failed", call.method, call.path)
            message = f"The local AWS failed at this call; its log says why: {self._server_log}"
            return service_error(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)
        if reply.status == HTTPStatus.NOT_FOUND and reply.body.startswith(b"<!doctype html>"):
            # moto has no such path. As it stands the answer could be taken for the absence of what was asked for.
            return service_error(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", _UNKNOWN)
        return reply

    def _checked(self, call: Call, environ: Environ) -> Reply:
        session = moto_state.session_of(call.access_key)
        if session is None:
            return self._route(call, environ)
        refused = _refuse(call, session)
        return refused or _hide_absence(call, session, self._route(call, environ))

    def _route(self, call: Call, environ: Environ) -> Reply:
        invoked = self._lambdas.invoke(call)
        if invoked is not None:
            return invoked

        def moto(_: Call) -> Reply:
            return self._ask_moto(environ)

        if _waits(call):
            return moto(call)
        with moto_state.LOCK:
            return (
                lambda_api.answer(call) or self._lambdas.delete(call, moto) or s3_api.answer(call, moto) or moto(call)
            )

    def _ask_moto(self, environ: Environ) -> Reply:
        parts, status, headers = run_wsgi_app(self._moto, environ)
        body = b"".join(parts)
        return Reply(int(status.split()[0]), tuple(headers.items()), body)


class _Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service. moto looks through its folders on disk for it at every request, half of its time."""

    @lru_cache(maxsize=256)  # noqa: B019 - there is one, and it lives as long as the process
    def get_backend_for_host(self, host: str | None) -> str | None:
        """Names the service that answers a host; None if none does."""
        found: str | None = super().get_backend_for_host(host)
        return found


def _waits(call: Call) -> bool:
    # A receiver may wait for twenty seconds, and must not keep everybody else waiting with it.
    named = call.headers.get("x-amz-target", "").endswith(".ReceiveMessage") or b"Action=ReceiveMessage" in call.body
    return call.service == "sqs" and named


def _refuse(call: Call, session: RoleSession) -> Reply | None:
    policies = moto_state.role_policies(session.role)
    for need in wanted(call, partition=moto_state.partition(call.region), account=ACCOUNT):
        verdict = judge(policies, need.action, need.resource)
        if verdict is not Verdict.ALLOWED:
            return _access_denied(call, session, need, verdict)
    return None


def _access_denied(call: Call, session: RoleSession, need: Wanted, verdict: Verdict) -> Reply:
    why = (
        "with an explicit deny in an identity-based policy"
        if verdict is Verdict.DENIED
        else f"because no identity-based policy allows the {need.action} action"
    )
    message = f"User: {session.arn} is not authorized to perform: {need.action} on resource: {need.resource} {why}"
    code = "AccessDenied" if call.service in {"s3", "iam", "sts", "sqs"} else "AccessDeniedException"
    return service_error(HTTPStatus.BAD_REQUEST if call.service == "logs" else HTTPStatus.FORBIDDEN, code, message)


def _hide_absence(call: Call, session: RoleSession, reply: Reply) -> Reply:
    # Without s3:ListBucket S3 does not tell that a key is absent: 403 instead of 404.
    absent = (
        call.service == "s3" and call.key and call.method in {"GET", "HEAD"} and reply.status == HTTPStatus.NOT_FOUND
    )
    if not absent:
        return reply
    need = Wanted("s3:ListBucket", f"arn:{moto_state.partition(call.region)}:s3:::{call.bucket}")
    verdict = judge(moto_state.role_policies(session.role), need.action, need.resource)
    return reply if verdict is Verdict.ALLOWED else _access_denied(call, session, need, verdict)


def _signed_by_s3(call: Call, reply: Reply) -> Reply:
    # moto names a request as the other services do; S3 has two names of its own, which the event repeats.
    if call.service != "s3":
        return reply
    theirs = {"x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"}
    kept = tuple((name, value) for name, value in reply.headers if name.lower() not in theirs)
    return replace(reply, headers=(*kept, ("x-amz-request-id", call.request_id), ("x-amz-id-2", host_id(call))))
