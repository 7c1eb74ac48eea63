"""What somebody changes by hand is named by `plan` and `status`, and put right by `up`, that alone."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, Project

FUNCTION = "media-dev-ingest"
ROLE = f"media-dev-ingest-{REGION}"
BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"


@dataclass(frozen=True)
class Drift:
    """A change by hand, and what is told of it: the address, the state, and a path that differs (none: it is gone)."""

    by_hand: Callable[[Account], object]
    address: str
    path: str | None = None
    state: str = "drifted"


def memory(account: Account) -> object:
    """The function's memory."""
    return account.lambda_.update_function_configuration(FunctionName=FUNCTION, MemorySize=128)


def variable(account: Account) -> object:
    """A variable that somebody adds to the function's."""
    found = account.lambda_.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    return account.lambda_.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": {**found, "DEBUG": "1"}}
    )


def code(account: Account) -> object:
    """Other code."""
    return account.lambda_.update_function_code(FunctionName=FUNCTION, ZipFile=b"not ours")


def policy(account: Account) -> object:
    """A policy that allows more."""
    document = (
        '{"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    )
    return account.iam.put_role_policy(RoleName=ROLE, PolicyName="LambdaPolicy", PolicyDocument=document)


def no_policy(account: Account) -> object:
    """No policy."""
    return account.iam.delete_role_policy(RoleName=ROLE, PolicyName="LambdaPolicy")


def cors(account: Account) -> object:
    """A CORS rule that somebody adds to our bucket."""
    rules = account.s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    added = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}
    return account.s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [*rules, added]})  # type: ignore[list-item]  # a plain dict


def no_cors(account: Account) -> object:
    """No CORS rules."""
    return account.s3.delete_bucket_cors(Bucket=BUCKET)


def no_notifications(account: Account) -> object:
    """No notifications."""
    return account.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})


def one_notification(account: Account) -> object:
    """One of our two entries is gone."""
    entries = account.s3.get_bucket_notification_configuration(Bucket=BUCKET)["LambdaFunctionConfigurations"][:1]
    return account.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": entries}
    )


def no_permission(account: Account) -> object:
    """S3 may no longer invoke the function."""
    return account.lambda_.remove_permission(FunctionName=FUNCTION, StatementId="AllowS3Invoke-uploads")


def public(account: Account) -> object:
    """The bucket may be made public."""
    return account.s3.delete_public_access_block(Bucket=BUCKET)


def retention(account: Account) -> object:
    """The logs are kept for ever."""
    return account.logs.delete_retention_policy(logGroupName=f"/aws/lambda/{FUNCTION}")


def no_queue(account: Account) -> object:
    """The command topic's queue is gone."""
    return account.sqs.delete_queue(QueueUrl="media-dev-orders.fifo")


def no_invoke_config(account: Account) -> object:
    """No failure destination: moto takes a changed configuration and shows the old one, so it is deleted."""
    return account.lambda_.delete_function_event_invoke_config(FunctionName=FUNCTION)


NOTIFICATIONS = f"notifications.{BUCKET}"
DRIFTS = [
    Drift(memory, "function.ingest", "MemorySize"),
    Drift(variable, "function.ingest", "Environment.DEBUG"),
    Drift(code, "function.ingest", "CodeSha256"),
    Drift(policy, "role_policy.ingest", "Statement.All"),
    Drift(no_policy, "role_policy.ingest", state="missing"),
    Drift(cors, "cors.ingest.uploads", "CORSRules[2]"),
    Drift(no_cors, "cors.ingest.uploads", state="missing"),
    Drift(no_notifications, NOTIFICATIONS, state="missing"),
    Drift(one_notification, NOTIFICATIONS, "media-dev-ingest-uploads-Deleted"),
    Drift(no_permission, "permission.ingest.uploads", state="missing"),
    Drift(public, "public_access_block.ingest.uploads", state="missing"),
    Drift(retention, "log_group.ingest", "RetentionInDays"),
    Drift(no_queue, "queue.orders", state="missing"),
    Drift(no_invoke_config, "invoke_config.ingest", state="missing"),
]


@pytest.mark.parametrize("group", [DRIFTS[0::2], DRIFTS[1::2]], ids=["some", "others"])
def test_drift(project: Project, account: Account, group: list[Drift]) -> None:
    """Each change by hand is named with its state and what differs; one `up` puts all right, and nothing else."""
    project.edit("config/task.toml", '"src"', '"src"\nenvironment = { LOG_LEVEL = "INFO" }')
    project.succeed("up")
    made = steady(account)
    for drift in group:
        drift.by_hand(account)
    states = {drift.address: drift.state for drift in group}
    paths = {(drift.address, drift.path) for drift in group if drift.path}

    plan, status = project.succeed("plan", "--json"), project.succeed("status", "--json")
    assert states == {address: state for address, state in status.states.items() if state != "ok"}
    assert set(states) == set(plan.differing)
    for told in (plan.differing, status.differing):
        assert paths <= {(address, path) for address, found in told.items() for path in found}
    project.succeed("up")
    assert made == steady(account)


def steady(account: Account) -> dict[str, object]:
    """The account, without what tells when a thing was changed or made last."""
    return {name: without_times(thing) for name, thing in account.listing().items()}


TIMES = {"LastModified", "RevisionId", "CreatedTimestamp", "LastModifiedTimestamp", "creationTime"}


def without_times(thing: object) -> object:
    """A document without times, at any depth."""
    if isinstance(thing, dict):
        return {key: without_times(value) for key, value in thing.items() if key not in TIMES}
    return [without_times(item) for item in thing] if isinstance(thing, list) else thing


def test_shown_in_words(project: Project, account: Account) -> None:
    """`plan` and `status` show a drift with its address, the path, what was found and what is wanted."""
    project.succeed("up")
    memory(account)
    for command in ("plan", "status"):
        told = project.succeed(command).out
        assert "function.ingest" in told
        assert "MemorySize: 128 -> 512" in told
        assert "role.ingest" not in told


def test_deleted_role(project: Project, account: Account) -> None:
    """A role that somebody deleted comes back with its policy, and the function is bound to it again."""
    project.succeed("up")
    no_policy(account)
    account.iam.delete_role(RoleName=ROLE)
    assert {"role.ingest", "role_policy.ingest"} <= set(project.succeed("up", "--json").differing)
    assert "AllowLambdaLogging" in account.statements("ingest")
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0


def test_immutable(project: Project) -> None:
    """What AWS cannot change in place is refused with 5 and advice, never replaced in silence."""
    project.succeed("up")
    project.edit(
        "config/task.toml", "[tasks.ingest.buckets.uploads]", "[tasks.ingest.buckets.uploads]\nname = 'another'"
    )
    error = project.refused("up", code=5)
    assert BUCKET in error["detail"]
    assert "another" in error["detail"]
    project.configure(CONFIG.replace("orders]", "orders]\nfifo = false", 1))
    error = project.refused("up", code=5)
    assert "queue.orders" in error["detail"]


def test_no_cors_rules(project: Project, account: Account) -> None:
    """With `cors = []` nothing is written nor recorded for CORS; a rule that somebody adds is drift, and goes."""
    project.configure(CONFIG + "cors = []\n")
    assert project.succeed("up", "--json").actions["cors.ingest.uploads"] == "keep"
    assert '"kind": "cors"' not in project.manifest.read_text(encoding="utf-8")
    assert {"ok"} == set(project.succeed("status", "--json").states.values())

    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    account.s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]  # a plain dict
    assert project.succeed("status", "--json").states["cors.ingest.uploads"] == "drifted"
    assert set(project.succeed("up", "--json").differing) == {"cors.ingest.uploads"}
    assert "CORSRules" not in str(account.listing())
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0


def test_cors_rules_dropped(project: Project, account: Account) -> None:
    """Rules that the config drops leave the bucket with the next `up`, and the manifest too."""
    project.succeed("up")
    assert "CORSRules" in str(account.listing())
    project.configure(CONFIG + "cors = []\n")
    project.succeed("up")
    assert "CORSRules" not in str(account.listing())
    assert '"kind": "cors"' not in project.manifest.read_text(encoding="utf-8")
