"""A page in place of an answer: a proxy or a login page that stands between us and AWS.

botocore takes such a page for the success of a call that has nothing to return, and for empty lists in the answer of
one that has: what was not done would be taken for done, and what is there for absent.
"""

import re
from typing import TypedDict

from botocore.parsers import ResponseParserError

_PAGE = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)
_REFUSED = 300  # HTTP: from here on it is no success, and botocore tells it as an error


class RawAnswer(TypedDict):
    """An answer as it came, of which this is looked at."""

    status_code: int
    body: object


def refuse_page(response_dict: RawAnswer, **_: object) -> None:
    """Listen to botocore's `before-parse`. Raises `ResponseParserError` for a success whose body is a page of HTML."""
    body = response_dict["body"]
    if response_dict["status_code"] < _REFUSED and isinstance(body, bytes) and _PAGE.match(body):
        raise ResponseParserError(f"It is a page: {body[:200].decode(errors='replace')}")
