"""What must hold after every run, said once. Each raises AssertionError with what is not as it must be."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from task_deployer.aws import Aws
from task_deployer.kept_documents import paths_of
from task_deployer.manifest import read
from task_deployer.manifest_file import FOLDER
from task_deployer.records import Status
from task_deployer.resources.base import AnyResource, Difference, is_absent

if TYPE_CHECKING:
    from collections.abc import Callable


def differences(aws: Aws, resource: AnyResource) -> tuple[Difference, ...]:
    """How the resource at AWS differs from the wish; it must be there."""
    seen = resource.observe(aws, resource.identity)
    assert not is_absent(seen), f"{resource.address} is absent"
    return resource.diff(seen)


def assert_in_sync(aws: Aws, resource: AnyResource) -> None:
    """What is at AWS is as wanted."""
    assert () == differences(aws, resource), f"{resource.address} differs from the wish"


def assert_absent(aws: Aws, resource: AnyResource) -> None:
    """Nothing of ours is at AWS."""
    assert is_absent(resource.observe(aws, resource.identity)), f"{resource.address} is still there"


def assert_all_recorded(manifest: Path) -> None:
    """After a clean `up` every record says that it is done."""
    recorded = read(manifest)
    assert recorded, "there is no manifest"
    begun = [address for address, record in recorded.records.items() if record.status is not Status.READY]
    assert [] == begun, "records of what was only begun"


def assert_nothing_left(aws: Aws, name: str, project: Path, since: Collection[str] = ()) -> None:
    """After a clean `down` nothing of the stack of this name is left: at AWS, in documents of others, on disk.

    What of others is named after the stack ends in `-theirs`; `since` is what came after the deletion. What they had in
    their bucket's notifications before us stays kept on the disk.
    """
    ours = [thing for thing in everything(aws) if name in thing and not thing.endswith("-theirs")]
    ours = [thing for thing in ours if thing not in since]
    assert [] == ours, "left at AWS"
    assert [] == entries_of_ours(aws, f"{name}-theirs"), "left in documents of others"
    place = project / FOLDER / "notifications"
    kept = [
        *paths_of(place, f"{name}-theirs"),
        *place.glob(".*.new"),
    ]  # the latter of a killed run
    folders = [project / FOLDER, place, project / FOLDER / ".gitignore"] if kept else []
    assert sorted([*folders, *kept]) == sorted({*project.glob(f"{FOLDER}/**"), *project.glob(f"{FOLDER}/**/*")}), (
        "left on disk"
    )


def read_foreign(aws: Aws, name: str) -> object:
    """All that is of others, without what is ours in it."""
    theirs = f"{name}-theirs"
    document = aws.s3.get_bucket_notification_configuration(Bucket=theirs)
    url = aws.account.queue_url(theirs)
    return {
        "entries": [entry for entry in document.get("QueueConfigurations", []) if _is_theirs(entry.get("Id"))],
        "EventBridge": document.get("EventBridgeConfiguration"),
        "rules": [r for r in aws.s3.get_bucket_cors(Bucket=theirs)["CORSRules"] if r.get("ID") == "theirs"],
        "tags": aws.s3.get_bucket_tagging(Bucket=theirs)["TagSet"],
        "queue": _settings(aws, url),
        "queue tags": aws.sqs.list_queue_tags(QueueUrl=url)["Tags"],
    }


def _settings(aws: Aws, url: str) -> dict[str, str]:
    """A queue's attributes without the counters: S3 sends a test event to everybody's queue at each write."""
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(key): value for key, value in found.items() if not key.startswith("Approximate")}


def entries_of_ours(aws: Aws, theirs: str) -> list[object]:
    """What of ours is in the documents of somebody else's bucket."""
    document = aws.s3.get_bucket_notification_configuration(Bucket=theirs)
    rules = [r.get("ID") for r in aws.s3.get_bucket_cors(Bucket=theirs)["CORSRules"] if r.get("ID") != "theirs"]
    queues = [entry for entry in document.get("QueueConfigurations", []) if not _is_theirs(entry.get("Id"))]
    return [*document.get("LambdaFunctionConfigurations", []), *queues, *rules]


def _is_theirs(entry_id: object) -> bool:
    return str(entry_id).startswith("theirs")


def everything(aws: Aws) -> list[str]:
    """The names of all that is in the account, each behind its sort; a mapping's is that of its queue."""
    listings: dict[str, Callable[[], list[str]]] = {
        "bucket": lambda: [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]],
        "function": lambda: [f["FunctionName"] for f in aws.lambda_.list_functions()["Functions"]],
        "role": lambda: [role["RoleName"] for role in aws.iam.list_roles()["Roles"]],
        "queue": lambda: aws.sqs.list_queues().get("QueueUrls", []),
        "rule": lambda: [rule["Name"] for rule in aws.events.list_rules()["Rules"]],
        "mapping": lambda: [
            m["EventSourceArn"] for m in aws.lambda_.list_event_source_mappings()["EventSourceMappings"]
        ],
        "log group": lambda: [group["logGroupName"] for group in aws.logs.describe_log_groups()["logGroups"]],
    }
    return [f"{sort} {name}" for sort, names in listings.items() for name in names()]
