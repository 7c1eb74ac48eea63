"""What others published of a function: its versions, aliases and URL. All of it goes for good when the function does.

What belongs to a version or an alias (provisioned concurrency, a policy and a URL of its own) goes with that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.refusals import code_of

ACTIONS: Final = ("lambda:ListVersionsByFunction", "lambda:ListAliases", "lambda:GetFunctionUrlConfig")
"""The IAM actions that it takes to look."""

_MOST = 5  # names that are told one by one


def _versions(aws: Aws, function: str) -> str:
    pages = aws.lambda_.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    found = [version["Version"] for page in pages for version in page["Versions"]]
    return _named("version", "versions", [version for version in found if version != "$LATEST"])


def _aliases(aws: Aws, function: str) -> str:
    pages = aws.lambda_.get_paginator("list_aliases").paginate(FunctionName=function)
    return _named("alias", "aliases", [alias["Name"] for page in pages for alias in page["Aliases"]])


def _url(aws: Aws, function: str) -> str:
    """The URL of the function itself: Lambda gives each new one another host."""
    return f"URL {aws.lambda_.get_function_url_config(FunctionName=function)['FunctionUrl']}"


_READERS: Mapping[str, Callable[[Aws, str], str]] = {"versions": _versions, "aliases": _aliases, "URL": _url}

SORTS: Final = tuple(_READERS)
"""The sorts of what can be published; one call each, more for hundreds."""


def published(aws: Aws, function: str, sort: str) -> str:
    """Read what there is of one sort, in words; empty if there is none. A read that AWS refuses raises."""
    try:
        return _READERS[sort](aws, function)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":  # no URL, or the function itself went meanwhile
            return ""
        raise


def _named(one: str, many: str, names: Sequence[str]) -> str:
    if len(names) > _MOST:
        return f"{len(names)} {many} ({names[0]} to {names[-1]})"
    return f"{one if len(names) == 1 else many} {', '.join(names)}" if names else ""
