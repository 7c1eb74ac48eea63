"""The kinds of resource, each in the file that bears its name."""

from collections.abc import Mapping

from task_deployer.resources.base import AnyResource
from task_deployer.resources.bucket import Bucket
from task_deployer.resources.bucket_documents import BucketTags, PublicAccessBlock, Versioning
from task_deployer.resources.cors import Cors
from task_deployer.resources.event_rule import EventRule
from task_deployer.resources.event_source import EventSource
from task_deployer.resources.function import Function
from task_deployer.resources.invoke_config import InvokeConfig
from task_deployer.resources.lifecycle import Lifecycle
from task_deployer.resources.log_group import LogGroup
from task_deployer.resources.notifications import Notifications
from task_deployer.resources.permission import Permission
from task_deployer.resources.queue import Queue
from task_deployer.resources.role import Role
from task_deployer.resources.role_policy import RolePolicy

__all__ = [
    "KINDS",
    "Bucket",
    "BucketTags",
    "Cors",
    "EventRule",
    "EventSource",
    "Function",
    "InvokeConfig",
    "Lifecycle",
    "LogGroup",
    "Notifications",
    "Permission",
    "PublicAccessBlock",
    "Queue",
    "Role",
    "RolePolicy",
    "Versioning",
]

_ALL: tuple[type[AnyResource], ...] = (
    Queue,
    LogGroup,
    Role,
    RolePolicy,
    Function,
    InvokeConfig,
    Bucket,
    BucketTags,
    PublicAccessBlock,
    Cors,
    Versioning,
    Lifecycle,
    Permission,
    EventRule,
    EventSource,
    Notifications,
)

KINDS: Mapping[str, type[AnyResource]] = {kind.kind: kind for kind in _ALL}
"""The registry: a new kind is one file, and one line above."""
