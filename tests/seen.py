"""What would be seen at AWS if a resource were there exactly as wanted: `observe`'s answer, without AWS."""

from task_deployer.plan import Desired
from task_deployer.resources import (
    Bucket,
    Cors,
    EventRule,
    EventSource,
    Function,
    InvokeConfig,
    Lifecycle,
    LogGroup,
    Notifications,
    Permission,
    Queue,
    Role,
    RolePolicy,
)
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.bucket_documents import BucketDocument
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.event_rule import SeenRule
from task_deployer.resources.lifecycle import SeenLifecycle
from task_deployer.resources.log_group import SeenLogGroup
from task_deployer.resources.notification_document import merge
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.resources.role import TRUST, SeenRole
from task_deployer.resources.seen_function import SeenFunction
from task_deployer.resources.seen_mapping import SeenMapping


def as_wanted(resource: Desired) -> object:  # noqa: C901, PLR0911, PLR0912 - one case a kind
    """The thing as its wish says."""
    match resource:
        case Queue():
            return SeenQueue(resource.attributes, resource.tags)
        case LogGroup():
            return SeenLogGroup(resource.retention_days, resource.tags)
        case Role():
            return SeenRole(resource.path, TRUST, resource.boundary, resource.tags)
        case RolePolicy():
            return resource.document
        case Function():
            return _function(resource)
        case InvokeConfig():
            return resource.settings
        case Bucket():
            return SeenBucket(resource.region, resource.tags)
        case BucketDocument():
            return resource.wanted
        case Lifecycle():
            return SeenLifecycle(tuple({**rule.render()} for rule in resource.rules))
        case Cors():
            return SeenCors(tuple(rule.render() for rule in resource.rules))
        case Permission():
            return resource.statement
        case EventRule():
            return SeenRule(resource.settings, resource.tags)
        case EventSource():
            return SeenMapping("a-uuid", resource.settings, resource.tags)
        case Notifications():
            entries = {entry.id: entry for entry in resource.entries}
            document = merge({}, resource.entries, (), eventbridge=resource.eventbridge)
            return SeenNotifications(document, entries, resource.eventbridge)
        case _:
            raise NotImplementedError(resource.kind)


def _function(function: Function) -> SeenFunction:
    return SeenFunction(
        settings=function.settings,
        environment=function.environment,
        code_sha256=function.archive.sha256,
        architecture=function.architecture,
        concurrency=function.reserved_concurrency,
        status="settled",
        tags=function.tags,
    )
