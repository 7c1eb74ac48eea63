"""Listings of a bucket in the form of URLs (`encoding-type=url`): XML 1.0 cannot carry every character of a key.

S3 writes every key, prefix, marker and delimiter of such a listing so; moto does it for some of them in ListObjects,
and for none in the two other listings. boto3 asks for it wherever it lists objects and versions, and undoes it.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html#API_ListObjectVersions_RequestSyntax
"""

import re
from dataclasses import replace
from urllib.parse import quote_plus
from xml.sax.saxutils import unescape

from task_deployer.local.call import Call, Reply

_ALL = ("Key", "KeyMarker", "NextKeyMarker", "Prefix", "Delimiter")
_OBJECTS = ("Prefix", "Delimiter", "NextMarker")
_OBJECTS_V2 = ("Delimiter", "StartAfter")


def is_in_url_form(call: Call) -> bool:
    """Whether it asks for a listing in the form of URLs."""
    return call.method == "GET" and call.query.get("encoding-type") == "url"


def in_url_form(call: Call, reply: Reply) -> Reply:
    """The same listing with those texts written as in URLs that moto left plain, and with the word that says so."""
    opening = re.search(rb"<List[^>]*>", reply.body)
    if opening is None:
        return reply  # a refusal
    texts = re.compile(f"<({'|'.join(_plain(call))})>([^<]+)<".encode())
    told = reply.body if b"<EncodingType>" in reply.body else _marked(reply.body, opening.end())
    return replace(reply, body=texts.sub(_encoded, told))


def _plain(call: Call) -> tuple[str, ...]:
    """The elements that moto leaves as they are."""
    if {"versions", "uploads"} & call.query.keys():
        return _ALL
    return _OBJECTS_V2 if call.query.get("list-type") == "2" else _OBJECTS


def _marked(body: bytes, inside: int) -> bytes:
    return body[:inside] + b"<EncodingType>url</EncodingType>" + body[inside:]


def _encoded(text: re.Match[bytes]) -> bytes:
    name, content = text[1].decode(), unescape(text[2].decode())
    return f"<{name}>{quote_plus(content, safe='/')}<".encode()
