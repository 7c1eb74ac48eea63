"""A bucket's table, with the rules of S3."""

import re
from ipaddress import IPv4Address
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from task_deployer.config.delivery import UNGATHERED, Delivery, batch_fits, filters_fit, for_queues
from task_deployer.config.table import LARGEST, Array, Several, Some, Table, quoted, wrong

Item = TypeVar("Item")

Mode = Literal["Read", "Write", "ReadWrite"]
Method = Literal["GET", "PUT", "POST", "DELETE", "HEAD"]
Event = Literal[
    "ObjectCreated",
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "LifecycleExpiration",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
]

_BUCKET_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_ORIGIN = re.compile(r"null|\*[^/\s]*|[^/\s:]+://[^/\s]+")


def no_overlap(items: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a family of events beside one of its own subtypes: S3 would call the rules overlapping."""
    for item in items:
        family, colon, _ = item.partition(":")
        if colon and family in items:
            raise wrong(f"has {quoted(item)} beside {quoted(family)}, which is all of it", "Keep one of the two.")
    return items


def filter_value(value: str) -> str:
    """Refuse a wildcard in a prefix or suffix: S3 takes none there."""
    if "*" in value:
        plain = value.replace("*", "")
        raise wrong(f"{quoted(value)} has a wildcard, and S3 filters know none", f"Write {quoted(plain)}.")
    return value


def bucket_name(name: str) -> str:
    """Refuse a name that S3 does not allow for a general purpose bucket."""
    if not 3 <= len(name) <= 63:  # noqa: PLR2004 - S3's limits
        raise wrong(f"{quoted(name)} has {len(name)} characters", "The name of a bucket has 3 to 63.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", name):
        advice = "Small letters, digits, dots and hyphens; a letter or digit first and last."
        raise wrong(f"{quoted(name)} is no name for a bucket", advice)
    if ".." in name or _is_address(name):
        raise wrong(f"{quoted(name)} is no name for a bucket", "No two dots in a row, and no IP address.")
    for start in _BUCKET_STARTS:
        if name.startswith(start):
            raise wrong(f"{quoted(name)} begins with {start}, which S3 reserves", "Choose another name.")
    for end in _BUCKET_ENDS:
        if name.endswith(end):
            raise wrong(f"{quoted(name)} ends with {end}, which S3 reserves", "Choose another name.")
    return name


def _is_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True


def origin(value: str) -> str:
    """Refuse an origin with two wildcards, as S3 does, and one with a path or no scheme: no browser ever sends it."""
    if value.count("*") > 1:
        raise wrong(f"{quoted(value)} has more than one wildcard", "S3 takes one * in an origin.")
    if _ORIGIN.fullmatch(value):
        return value
    scheme, _, rest = value.rpartition("://")
    host = rest.split("/")[0]
    meant = quoted(f"{scheme or 'https'}://{host}")
    advice = f"Write {meant}." if host else 'For example "https://app.example.com".'
    raise wrong(f"{quoted(value)} is no origin, which is a scheme, a host, and a port if need be", advice)


def header(value: str) -> str:
    """Refuse an allowed header with two wildcards, as S3 does."""
    if value.count("*") > 1:
        raise wrong(f"{quoted(value)} has more than one wildcard", "S3 takes one * in a header.")
    return value


def exposed_header(value: str) -> str:
    """Refuse a wildcard, as S3 does: "We currently do not support wildcard for ExposeHeader"."""
    if "*" in value:
        raise wrong(f"{quoted(value)} has a wildcard, which S3 does not take here", "Name each header.")
    return value


class CorsRule(Table):
    """Which pages of other origins may use a bucket, and how."""

    allowed_origins: Some[Annotated[str, AfterValidator(origin)]] = Field(
        description='Origins such as "https://app.example.com"; one * in each at most.'
    )
    allowed_methods: Some[Method] = Field(description="Of GET, PUT, POST, DELETE and HEAD.")
    allowed_headers: Several[Annotated[str, AfterValidator(header)]] = Field(
        (), description='Headers that a request may bear; ["*"] means any.'
    )
    expose_headers: Several[Annotated[str, AfterValidator(exposed_header)]] = Field(
        (), description="Headers of the answer that a script may read, each by its name."
    )
    max_age_seconds: int | None = Field(
        None, ge=0, le=LARGEST, description="For how many seconds a browser may remember the answer."
    )


SEED_CORS = CorsRule(
    allowed_origins=("*",),
    allowed_methods=("HEAD", "GET"),
    allowed_headers=("*",),
    expose_headers=("x-amz-server-side-encryption", "x-amz-request-id", "x-amz-id-2", "ETag"),
    max_age_seconds=3000,
)


class BucketConfig(Table):
    """A bucket whose events run the task."""

    mode: Mode = Field(description="What the task may do with the objects: Read, Write or ReadWrite.")
    name: Annotated[str, AfterValidator(bucket_name)] | None = Field(
        None, description="The bucket's name at AWS. Without it one is computed."
    )
    existing: bool = Field(default=False, description="true: attach to a bucket that is not ours and is never deleted.")
    owner: str | None = Field(
        None, pattern="^[0-9]{12}$", description="The account that owns an existing bucket, if not this one: 12 digits."
    )
    events: Annotated[Several[Event], AfterValidator(no_overlap)] = Field(
        ("ObjectCreated", "ObjectRemoved"),
        description="The events that run the task; [] for none. ObjectCreated, ObjectRemoved or LifecycleExpiration, "
        'alone or with a subtype of S3, such as "ObjectCreated:Put".',
    )
    prefix: Annotated[str, AfterValidator(filter_value)] = Field(
        "", max_length=1024, description="Only keys that begin so run the task."
    )
    suffix: Annotated[str, AfterValidator(filter_value)] = Field(
        "", max_length=1024, description="Only keys that end so run the task."
    )
    delivery: Delivery = Field(
        "direct",
        description="How events reach the function: direct (S3 invokes it), eventbridge (by a rule), or queue (by an "
        "SQS queue that Lambda reads in batches).",
    )
    batch_window_seconds: int = Field(
        0, ge=0, le=300, description="With delivery queue: gather messages for so many seconds, 0 to 300."
    )
    batch_size: int = Field(
        UNGATHERED, ge=1, le=10000, description="With delivery queue: at most so many messages a call, 1 to 10000."
    )
    maximum_concurrency: int | None = Field(
        None, ge=2, le=1000, description="With delivery queue: at most so many calls at the same time, 2 to 1000."
    )
    versioning: bool = Field(default=False, description="Keep every version of every object.")
    expire_days: int | None = Field(None, ge=1, le=LARGEST, description="Delete objects after so many days, 1 or more.")
    abort_uploads_days: int | None = Field(
        None, ge=1, le=LARGEST, description="Remove abandoned multipart uploads after so many days, 1 or more."
    )
    allow_recursion: bool = Field(default=False, description="Silence the warning that the task may run itself.")
    cors: Array[CorsRule] = Field(
        default_factory=lambda given: () if given.get("existing") else (SEED_CORS,),
        max_length=100,
        description="CORS rules, as tables [[...cors]]; [] for none. Without the key: none on an existing bucket, and "
        "on ours one that lets pages of any origin read.",
    )

    @field_validator("existing")
    @classmethod
    def _has_name(cls, existing: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if existing and info.data.get("name", "") is None:  # a name that is wrong is a mistake of its own
            raise wrong("is true, but the bucket has no name", 'Name the bucket: name = "...".')
        return existing

    @field_validator("owner")
    @classmethod
    def _is_somebody_elses(cls, owner: str, info: ValidationInfo) -> str:
        if not info.data.get("existing"):
            raise wrong(
                "is for an existing bucket only", "Add existing = true, or remove the key: what we make is ours."
            )
        return owner

    @field_validator("delivery")
    @classmethod
    def _filters_fit(cls, delivery: Delivery, info: ValidationInfo) -> Delivery:
        return filters_fit(delivery, info.data)

    @field_validator("batch_window_seconds", "batch_size", "maximum_concurrency")
    @classmethod
    def _is_for_queues(cls, value: Item, info: ValidationInfo) -> Item:
        for_queues(info.data)
        return value

    @field_validator("batch_size")
    @classmethod
    def _batch_fits(cls, size: int, info: ValidationInfo) -> int:
        return batch_fits(size, info.data)

    @field_validator("versioning", "expire_days", "abort_uploads_days")
    @classmethod
    def _is_ours(cls, value: Item, info: ValidationInfo) -> Item:
        if info.data.get("existing"):
            advice = "Remove the key: the owner of an existing bucket decides on it."
            raise wrong("cannot be set on an existing bucket", advice)
        return value
