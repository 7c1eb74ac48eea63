"""All things of an account and region that bear a tag, in one listing: the Resource Groups Tagging API.

It knows buckets, functions, queues and log groups, and no roles; what was tagged moments ago may lack.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

GET_RESOURCES = "tag:GetResources"
"""The IAM action of the listing. AWS lets nobody limit it to one thing."""


class Paginator(Protocol):
    """Gives the pages of a listing."""

    def paginate(self, *, TagFilters: Sequence[Mapping[str, object]]) -> Iterable[Mapping[str, object]]:  # noqa: N803 - AWS's name
        """The pages."""


class TagReader(Protocol):
    """The one listing of a tagging client that is needed."""

    def get_paginator(self, operation_name: str) -> Paginator:
        """Make the pages of an operation."""


def arns_with(client: TagReader, key: str, value: str) -> tuple[str, ...]:
    """The ARNs of all that bears this tag, sorted."""
    pages = client.get_paginator("get_resources").paginate(TagFilters=[{"Key": key, "Values": [value]}])
    return tuple(sorted(arn for page in pages for arn in _arns(page.get("ResourceTagMappingList"))))


def _arns(mappings: object) -> tuple[str, ...]:
    return tuple(str(one["ResourceARN"]) for one in mappings) if isinstance(mappings, list) else ()
