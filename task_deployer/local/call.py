"""One request as the local AWS sees it, and one answer. Pure, but for the variable that says which is being served."""

import json
import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

_SCOPE = re.compile(r"(?P<key>[A-Z0-9]{16,128})/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """One HTTP request: what was asked, signed by whom, for which service and region."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    access_key: str = ""
    region: str = "us-east-1"
    service: str = ""
    request_id: str = field(default_factory=lambda: secrets.token_hex(8).upper())

    @property
    def bucket(self) -> str:
        """The bucket of an S3 request: path style, the only one a loopback address allows."""
        return self.path.removeprefix("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object key of an S3 request, decoded; empty for a request on the bucket itself."""
        return self.path.removeprefix("/").partition("/")[2]


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


current: ContextVar[Call] = ContextVar("current")


def read_call(method: str, target: str, headers: Mapping[str, str], body: bytes, source_ip: str) -> Call:
    """Reads a request line, headers (names in lower case) and body; the credential scope says service and region.

    Without a signature the service is S3: only objects and browser uploads are ever asked for anonymously.
    """
    path, _, raw_query = target.partition("?")
    query = {name: values[-1] for name, values in parse_qs(raw_query, keep_blank_values=True).items()}
    scope = _SCOPE.search(headers.get("authorization", "") or query.get("X-Amz-Credential", ""))
    found = scope.groupdict() if scope else {}
    return Call(
        method=method,
        path=unquote(path),
        query=query,
        headers=headers,
        body=body,
        source_ip=source_ip,
        access_key=found.get("key") or query.get("AWSAccessKeyId", ""),
        region=found.get("region", "us-east-1"),
        service=found.get("service", "s3"),
    )


def json_reply(status: int, document: object, **headers: str) -> Reply:
    """Answers with a JSON document."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, (("Content-Type", "application/json"), *named), json.dumps(document).encode())


def json_error(status: int, code: str, message: str) -> Reply:
    """Answers an error as Lambda and the other JSON services do."""
    return json_reply(status, {"Type": "User", "message": message, "__type": code}, x_amzn_ErrorType=code)


def xml_error(status: int, code: str, message: str, **details: str) -> Reply:
    """Answers an error as S3 does; `details` become further elements."""
    call = current.get()
    elements = {"Code": code, "Message": message, **details, "RequestId": call.request_id, "HostId": host_id(call)}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Reply(status, (("Content-Type", "application/xml"),), body.encode())


def query_error(status: int, code: str, message: str) -> Reply:
    """Answers an error as IAM and STS do."""
    inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    body = f"<ErrorResponse><Error>{inner}</Error><RequestId>{current.get().request_id}</RequestId></ErrorResponse>"
    return Reply(status, (("Content-Type", "text/xml"),), body.encode())


def service_error(status: int, code: str, message: str) -> Reply:
    """Answers an error in the format of the service that is being asked."""
    match current.get().service:
        case "s3":
            return xml_error(status, code, message)
        case "iam" | "sts":
            return query_error(status, code, message)
        case _:
            return json_error(status, code, message)


def host_id(call: Call) -> str:
    """S3's second id of a request (`x-amz-id-2`), derived from the first."""
    return f"local/{call.request_id}"
