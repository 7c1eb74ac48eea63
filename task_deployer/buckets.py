"""What the config wants of a bucket: the bucket itself, and its documents in the order they are written. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from task_deployer.config import BucketConfig
from task_deployer.names import Names
from task_deployer.plan import Desired
from task_deployer.resources import Bucket, BucketTags, Cors, Lifecycle, PublicAccessBlock, Versioning
from task_deployer.resources.cors import CorsRule
from task_deployer.resources.lifecycle import LifecycleRule

if TYPE_CHECKING:
    from task_deployer.resources.bucket_documents import BucketDocument


def bucket_of(task: str, key: str, settings: BucketConfig, names: Names, tags: Mapping[str, str]) -> Bucket:
    """One bucket of one task; an existing one never gets tags of ours."""
    name = settings.name or names.bucket(task, key)
    given = {} if settings.existing else tags
    owner = None if settings.owner == names.account.id else settings.owner
    return Bucket(f"{task}.{key}", name, names.account.region, given, settings.existing, owner)


def documents_of(task: str, key: str, bucket: Bucket, settings: BucketConfig, names: Names) -> tuple[Desired, ...]:
    """The documents of a bucket, each behind the one before it. Somebody else's gets our CORS rules alone.

    No CORS rules are a wish on a bucket of ours: those that others add there are drift.
    """
    scope, rules = bucket.scope, _cors_rules(task, key, settings, names)
    if bucket.existing:
        return (Cors(scope, bucket, rules, shared=True),) if rules else ()
    tagged = BucketTags(scope, bucket)
    last: BucketDocument = PublicAccessBlock(scope, bucket, tagged)
    documents: list[Desired] = [tagged, last]
    if settings.versioning:
        last = Versioning(scope, bucket, last)
        documents.append(last)
    expiry = _expiry(task, key, settings, names)
    if not expiry:
        return (*documents, Cors(scope, bucket, rules, after=last))
    lifecycle = Lifecycle(scope, bucket, last, expiry)
    return (*documents, lifecycle, Cors(scope, bucket, rules, after=lifecycle))


def one_after_another(resources: Iterable[Desired]) -> tuple[Desired, ...]:
    """The same resources, with the CORS rules that several tasks add to one existing bucket in a row.

    Each reads the whole document, adds its rules and puts it back; two at once would lose one's rules.
    """
    last: dict[str, Cors] = {}
    ordered: list[Desired] = []
    for given in resources:
        resource = given
        if isinstance(resource, Cors) and resource.shared:
            resource = replace(resource, after=last.get(resource.bucket.name))
            last[resource.bucket.name] = resource
        ordered.append(resource)
    return tuple(ordered)


def _cors_rules(task: str, key: str, settings: BucketConfig, names: Names) -> tuple[CorsRule, ...]:
    return tuple(
        CorsRule(
            names.cors_rule(task, key, number),
            rule.allowed_origins,
            rule.allowed_methods,
            rule.allowed_headers,
            rule.expose_headers,
            rule.max_age_seconds,
        )
        for number, rule in enumerate(settings.cors, 1)
    )


def _expiry(task: str, key: str, settings: BucketConfig, names: Names) -> tuple[LifecycleRule, ...]:
    objects, uploads = settings.expire_days, settings.abort_uploads_days
    rules = []
    if objects is not None:
        rules.append(LifecycleRule(names.lifecycle_rule(task, key, "expire"), expire_days=objects))
    if uploads is not None:
        rules.append(LifecycleRule(names.lifecycle_rule(task, key, "abort-uploads"), abort_uploads_days=uploads))
    return tuple(rules)
