"""What others have in a bucket, a function or the account is there afterwards as it was before."""

from typing import TYPE_CHECKING, Final, cast

import pytest

from tests.integration.account import ID, Account, Listing
from tests.integration.project import CONFIG, REGION, Project

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSConfigurationTypeDef, NotificationConfigurationTypeDef

SHARED: Final = "everybodys-bucket"
FUNCTION: Final = "media-dev-ingest"
OWN: Final = f"media-dev-ingest-uploads-{ID}-{REGION}"
ATTACHED: Final = CONFIG + f'name = "{SHARED}"\nexisting = true\nprefix = "in/"\n'
LAMBDA: Final = "LambdaFunctionConfigurations"

CORS: "CORSConfigurationTypeDef" = {
    "CORSRules": [{"ID": "theirs", "AllowedMethods": ["PUT"], "AllowedOrigins": ["https://app.example.com"]}]
}


@pytest.fixture
def before(account: Account) -> Listing:
    """An account that others use: a bucket with every sort of document, and everything else."""
    queue = account.queue("theirs")
    role = account.iam.create_role(RoleName="theirs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    function = account.lambda_.create_function(
        FunctionName="theirs", Runtime="python3.13", Role=role, Handler="x.y", Code={"ZipFile": b"not ours"}
    )["FunctionArn"]
    account.lambda_.add_permission(
        FunctionName="theirs", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    account.logs.create_log_group(logGroupName="/aws/lambda/theirs")
    account.bucket("their-own-bucket")
    account.s3.put_object(Bucket=account.bucket(SHARED), Key="in/theirs.csv", Body=b"theirs")
    notifications = {
        "QueueConfigurations": [{"Id": "q", "QueueArn": queue, "Events": ["s3:ObjectRestore:*"]}],
        "TopicConfigurations": [
            {"Id": "t", "TopicArn": account.topic("theirs"), "Events": ["s3:ReducedRedundancyLostObject"]}
        ],
        LAMBDA: [
            {
                "Id": "l",
                "LambdaFunctionArn": function,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "out/"}]}},
            }
        ],
        "EventBridgeConfiguration": {},
    }
    account.s3.put_bucket_notification_configuration(
        Bucket=SHARED,
        NotificationConfiguration=cast("NotificationConfigurationTypeDef", notifications),
        SkipDestinationValidation=True,
    )
    account.s3.put_bucket_cors(Bucket=SHARED, CORSConfiguration=CORS)
    account.s3.put_bucket_tagging(Bucket=SHARED, Tagging={"TagSet": [{"Key": "owner", "Value": "audit"}]})
    return account.listing()


def test_bucket_of_others(project: Project, account: Account, before: Listing) -> None:
    """`up` twice adds two entries to an `existing` bucket and nothing else; `down` takes just those out again."""
    project.configure(ATTACHED)
    project.succeed("up")
    ours = f"{FUNCTION}-uploads-Created", f"{FUNCTION}-uploads-Deleted"
    assert [*ours] == sorted(without_ours(account, ours, before))
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0
    status = project.succeed("status", "--json")
    assert {"ok"} == set(status.states.values())

    project.succeed("down", "--yes")
    assert before == account.listing()


def test_cors_of_others(project: Project, account: Account, before: Listing) -> None:
    """Our CORS rule stands beside the foreign one on an `existing` bucket, follows the config, and goes alone."""
    rule = '[[tasks.ingest.buckets.uploads.cors]]\nallowed_origins = ["*"]\nallowed_methods = ["GET"]\n'
    project.configure(ATTACHED + rule)
    project.succeed("up")
    assert ["theirs", f"{FUNCTION}-uploads-1"] == cors_ids(account)
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0

    project.configure(ATTACHED)
    assert set(project.succeed("up", "--json").differing) == {"cors.ingest.uploads"}
    assert ["theirs"] == cors_ids(account)

    project.succeed("down", "--yes", "--empty-buckets")
    assert before == account.listing()


def test_permission_of_others(project: Project, account: Account) -> None:
    """A foreign statement in our function's policy survives every `up`, also one that takes out ours."""
    project.succeed("up")
    account.lambda_.add_permission(
        FunctionName=FUNCTION, StatementId="theirs", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    theirs = account.permissions(FUNCTION)["theirs"]
    assert project.succeed("plan", "--json").differing == {}

    project.edit("config/task.toml", '"Read"', '"Read"\nevents = []')
    assert project.succeed("up", "--json").actions["permission.ingest.uploads"] == "delete"
    assert {"theirs": theirs} == account.permissions(FUNCTION)


def test_neighbours_in_the_account(project: Project, account: Account, before: Listing) -> None:
    """`up` and `down` of a stack with buckets of its own leave everything else in the account as it was."""
    project.succeed("up")
    assert before.items() <= account.listing().items()
    project.succeed("down", "--yes")
    assert before == account.listing()


def without_ours(account: Account, ours: tuple[str, str], before: Listing) -> list[str]:
    """Check that the shared bucket is as before but for these entries; returns those of them that are there."""
    now = account.listing()[f"bucket {SHARED}"]
    then = before[f"bucket {SHARED}"]
    assert isinstance(now, dict)
    assert isinstance(then, dict)
    entries = now["notifications"][LAMBDA]
    theirs = [entry for entry in entries if entry["Id"] not in ours]
    assert then == {**now, "notifications": {**now["notifications"], LAMBDA: theirs}}
    return [entry["Id"] for entry in entries if entry["Id"] in ours]


def cors_ids(account: Account) -> list[str]:
    """The ids of the shared bucket's CORS rules, in their order."""
    return [rule["ID"] for rule in account.s3.get_bucket_cors(Bucket=SHARED)["CORSRules"]]


@pytest.mark.waits
def test_the_same_names_in_another_stack(project: Project, account: Account, before: Listing) -> None:
    """Another stack whose ids meet ours in one bucket is refused by name; what the first one wrote there stays."""
    project.configure('[stack]\nname = "media"\nregion = "eu-central-1"\n')
    project.configure(attached("x", "y-z"), "dev")
    project.configure(attached("y", "z"), "dev-x")
    project.succeed("up")
    first = account.listing()

    refusal = project.refused("up", "--env", "dev-x", code=5)
    for name in ("media-dev-x-y-z-Created", "media-dev-x-y-z-Deleted", "'media-dev-x-y-z-1'"):
        assert name in refusal["detail"]
    assert first == account.listing()
    project.succeed("down", "--yes")
    assert before == account.listing()


def attached(task: str, bucket: str) -> str:
    """A task that listens to the shared bucket and adds a CORS rule to it."""
    rule = '{ allowed_origins = ["*"], allowed_methods = ["GET"] }'
    return (
        f'[tasks.{task}]\nsource = "src"\ncallback = "handler:handle_event"\n'
        f'[tasks.{task}.buckets.{bucket}]\nmode = "Read"\nname = "{SHARED}"\nexisting = true\n'
        f'prefix = "in/"\ncors = [{rule}]\n'
    )


def test_another_bucket_of_others(project: Project, account: Account, before: Listing) -> None:
    """Pointing at another `existing` bucket takes our entries out of the old one in the same `up`."""
    account.bucket("second")
    project.configure(ATTACHED)
    project.succeed("up")
    project.edit("config/task.toml", SHARED, "second")
    ran = project.succeed("up", "--json")
    assert ran.actions["bucket.ingest.uploads"] == "keep"
    assert ran.actions[f"notifications.{SHARED}"] == "delete"
    assert before[f"bucket {SHARED}"] == account.listing()[f"bucket {SHARED}"]
    assert len(account.s3.get_bucket_notification_configuration(Bucket="second")[LAMBDA]) == 2
    assert account.permissions(FUNCTION).keys() == {"AllowS3Invoke-uploads"}
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0

    project.succeed("down", "--yes")
    account.s3.delete_bucket(Bucket="second")
    assert before == account.listing()


def test_another_bucket_of_others_with_rules_of_ours(project: Project, account: Account, before: Listing) -> None:
    """With CORS rules of ours in the old bucket the exchange is refused, and the way that the advice names works."""
    account.bucket("second")
    project.configure(ATTACHED + 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]\n')
    project.succeed("up")
    project.edit("config/task.toml", SHARED, "second")
    assert "`cors = []`" in project.refused("up", code=5)["hint"]

    project.configure(ATTACHED + "cors = []\n")
    project.succeed("up")
    assert ["theirs"] == cors_ids(account)
    project.configure(
        ATTACHED.replace(SHARED, "second") + 'cors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]\n'
    )
    project.succeed("up")
    assert before[f"bucket {SHARED}"] == account.listing()[f"bucket {SHARED}"]
    project.succeed("down", "--yes")


def test_only_the_entries_of_one_task(project: Project, account: Account, before: Listing) -> None:
    """`--only` takes the entries of a task that dropped its bucket out of the shared document, and no others."""
    first, second = attached("one", "a"), attached("two", "b").replace('"in/"', '"out/two/"')
    project.configure(f'[stack]\nname = "media"\nregion = "eu-central-1"\n{first}{second}')
    account.s3.put_bucket_notification_configuration(Bucket=SHARED, NotificationConfiguration={})
    project.succeed("up")
    bare = second.split("[tasks.two.buckets")[0]
    project.configure(f'[stack]\nname = "media"\nregion = "eu-central-1"\n{first}{bare}')
    ran = project.succeed("up", "--only", "two", "--json")
    assert ran.actions[f"notifications.{SHARED}"] == "delete"
    entries = account.s3.get_bucket_notification_configuration(Bucket=SHARED)[LAMBDA]
    assert {"media-dev-one-a-Created", "media-dev-one-a-Deleted"} == {entry.get("Id") for entry in entries}
    assert ["theirs", "media-dev-one-a-1"] == cors_ids(account)
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0

    project.succeed("down", "--yes")
    assert "notifications" in str(before[f"bucket {SHARED}"])
    assert LAMBDA not in account.s3.get_bucket_notification_configuration(Bucket=SHARED)


def test_tags_replaced_by_others(project: Project, account: Account, before: Listing) -> None:
    """A bucket of ours whose whole tag set somebody replaced gets ours again by `up`, and goes with `down`."""
    project.succeed("up")
    cost = {"TagSet": [{"Key": "cost", "Value": "1"}]}
    account.s3.put_bucket_tagging(Bucket=OWN, Tagging=cost)  # type: ignore[arg-type]  # a plain dict
    assert set(project.succeed("up", "--json").differing) == {"bucket_tags.ingest.uploads"}
    assert account.tags_of_bucket(OWN)["cost"] == "1"

    account.s3.put_bucket_tagging(Bucket=OWN, Tagging=cost)  # type: ignore[arg-type]  # a plain dict
    project.succeed("down", "--yes")
    assert before == account.listing()


def test_a_bucket_that_somebody_made_anew(project: Project, account: Account) -> None:
    """A bucket of our name that somebody made anew, with tags of his own, is missing, refused and never deleted."""
    project.succeed("up")
    account.s3.delete_bucket(Bucket=OWN)
    account.bucket(OWN)
    tags = [{"Key": "team", "Value": "billing"}]
    account.s3.put_bucket_tagging(Bucket=OWN, Tagging={"TagSet": tags})  # type: ignore[typeddict-item]  # a plain dict
    account.s3.put_object(Bucket=OWN, Key="invoice", Body=b"1")
    theirs = account.listing()[f"bucket {OWN}"]

    assert project.succeed("status", "--json").states["bucket.ingest.uploads"] == "missing"
    refusal = project.refused("up", code=5)
    assert "its tags are team=billing" in refusal["detail"]
    assert "`task-deploy state forget bucket.ingest.uploads`" in refusal["hint"]

    told = project.succeed("down", "--empty-buckets", "--yes").out
    because = "its tags do not say that it is ours; if it is, remove it by hand"
    assert f"left    bucket.ingest.uploads  (left: {because}: {OWN})" in told
    assert theirs == account.listing()[f"bucket {OWN}"]


def test_a_bucket_that_somebody_made_anew_is_dropped(project: Project, account: Account) -> None:
    """Where the config no longer names a bucket that is another's now, `up` forgets it and all that lay in ours."""
    project.succeed("up")
    account.s3.delete_bucket(Bucket=OWN)
    account.bucket(OWN)
    account.s3.put_bucket_tagging(Bucket=OWN, Tagging={"TagSet": [{"Key": "team", "Value": "billing"}]})
    theirs = account.listing()[f"bucket {OWN}"]
    project.edit("config/task.toml", '[tasks.ingest.buckets.uploads]\nmode = "Read"\n', "")
    assert "bucket.ingest.uploads" in project.succeed("up", "--json").actions
    assert theirs == account.listing()[f"bucket {OWN}"]
    recorded = project.succeed("state", "list").out
    assert OWN not in recorded


def test_our_entries_in_a_bucket_that_is_anothers_now(project: Project, account: Account) -> None:
    """Where a bucket of ours bears another manifest's tags, `down` leaves it, and takes our entries out of it."""
    project.succeed("up")
    tags = {**account.tags_of_bucket(OWN), "task-deployer:manifest": "another"}
    account.s3.put_bucket_tagging(
        Bucket=OWN, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
    )
    project.succeed("down", "--yes")
    assert [f"bucket {OWN}"] == list(account.listing())
    assert LAMBDA not in account.s3.get_bucket_notification_configuration(Bucket=OWN)
    assert tags == account.tags_of_bucket(OWN)


def listen(account: Account, bucket: str, destination: str) -> None:
    """Somebody adds an entry of his own to a bucket's notifications, which goes there."""
    found = account.s3.get_bucket_notification_configuration(Bucket=bucket)
    rules = [{"Name": "prefix", "Value": "manual/"}]
    manual = {"Id": "manual", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    document: dict[str, object] = {key: value for key, value in found.items() if key != "ResponseMetadata"}
    kind = LAMBDA if ":lambda:" in destination else "QueueConfigurations"
    arn = "LambdaFunctionArn" if kind == LAMBDA else "QueueArn"
    document[kind] = [*cast("list[object]", document.get(kind, [])), {**manual, arn: destination}]
    account.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration=cast("NotificationConfigurationTypeDef", document),
        SkipDestinationValidation=True,
    )


def test_who_listens_to_a_bucket_that_goes_is_named(project: Project, account: Account) -> None:
    """`down`, and an `up` that drops the bucket, ask with the entries of others that go with it."""
    project.edit("config/task.toml", 'mode = "Read"', 'mode = "Read"\nprefix = "in/"')
    project.succeed("up")
    listen(account, OWN, account.queue("theirs"))
    asked = project.run("down")
    assert 2 == asked.code
    assert asked.err.count("manual (s3:ObjectCreated:*; prefix 'manual/'; to arn:aws:sqs") == 2, "plan and question"
    project.edit("config/task.toml", "buckets.uploads]", "buckets.others]")
    assert "manual" in project.refused("up", code=2)["detail"]
    assert f"bucket {OWN}" in account.listing()


def test_cors_rules_in_a_bucket_that_goes_are_named(project: Project, account: Account) -> None:
    """`down` names the CORS rules that others put on a bucket of ours in its plan and in its question, and not ours."""
    project.succeed("up")
    rules = account.s3.get_bucket_cors(Bucket=OWN)["CORSRules"]
    account.s3.put_bucket_cors(Bucket=OWN, CORSConfiguration={"CORSRules": [*rules, *CORS["CORSRules"]]})
    asked = project.run("down")
    assert 2 == asked.code
    assert asked.err.count("CORS rule theirs (PUT from https://app.example.com)") == 2, "plan and question"
    assert f"CORS rule {FUNCTION}-uploads" not in asked.err


def test_lifecycle_rules_of_others_stay(project: Project, account: Account) -> None:
    """On a bucket of ours `up` neither tells nor touches a rule of others when it writes, changes or removes ours."""
    expiring = CONFIG + "expire_days = 30\nabort_uploads_days = 7\n"
    project.configure(expiring)
    project.succeed("up")
    ours = account.s3.get_bucket_lifecycle_configuration(Bucket=OWN)["Rules"]
    assert ["media-dev-ingest-uploads-expire", "media-dev-ingest-uploads-abort-uploads"] == [r.get("ID") for r in ours]
    transitions = [{"Days": 1, "StorageClass": "GLACIER"}]
    keep = {"ID": "keep-7y", "Status": "Enabled", "Filter": {"Prefix": "audit/"}, "Transitions": transitions}
    account.s3.put_bucket_lifecycle_configuration(Bucket=OWN, LifecycleConfiguration={"Rules": [*ours, keep]})  # type: ignore[list-item]  # a plain dict
    with_both = account.s3.get_bucket_lifecycle_configuration(Bucket=OWN)["Rules"]

    assert 0 == project.succeed("up", "--json").document["api_calls"]["mutating"]
    project.configure(expiring.replace("expire_days = 30", "expire_days = 3"))
    assert {"lifecycle.ingest.uploads"} == set(project.succeed("up", "--json").differing)
    assert with_both[-1] in account.s3.get_bucket_lifecycle_configuration(Bucket=OWN)["Rules"]
    project.configure(CONFIG)
    assert "delete" == project.succeed("up", "--json").actions["lifecycle.ingest.uploads"]
    assert [with_both[-1]] == account.s3.get_bucket_lifecycle_configuration(Bucket=OWN)["Rules"]
    project.succeed("down", "--yes")
    assert f"bucket {OWN}" not in account.listing()


def test_plan_refuses_and_skips_dead_entries_as_up_does(project: Project, account: Account, before: Listing) -> None:
    """Beside a dead entry of others `plan` is refused with the words of `up`; with the flag both go on."""
    project.configure(ATTACHED)
    listen(account, SHARED, f"arn:aws:lambda:{REGION}:{ID}:function:gone")
    assert project.refused("plan", code=5) == project.refused("up", code=5)
    flag = "--skip-dead-foreign"
    planned = project.succeed("plan", flag, "--json").actions
    assert before.keys() == account.listing().keys()
    assert planned == project.succeed("up", flag, "--json").actions


def test_entries_that_are_left_dead_are_warned_of(project: Project, account: Account, before: Listing) -> None:
    """An entry of others that goes to our function stays in the shared bucket, and `down` names id and bucket."""
    project.configure(ATTACHED)
    project.succeed("up", "--skip-dead-foreign")
    listen(account, SHARED, f"arn:aws:lambda:{REGION}:{ID}:function:{FUNCTION}")
    ran = project.succeed("down", "--yes", "--json", "--skip-dead-foreign")
    (warning,) = [warning for warning in ran.document["warnings"] if warning["code"] == "left-dead"]
    assert (f"notifications.{SHARED}", True) == (warning["address"], warning["message"].startswith("manual (s3:"))
    left = account.s3.get_bucket_notification_configuration(Bucket=SHARED)[LAMBDA]
    assert {"l", "manual"} == {entry["Id"] for entry in left}
    assert f"function {FUNCTION}" not in set(account.listing()) - set(before)


def test_a_log_group_that_was_there_before(project: Project, account: Account) -> None:
    """The plan says what becomes of a log group that is older than the function, and says it once."""
    account.logs.create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")

    def told(command: str) -> tuple[str, bool]:
        changes = project.succeed(command, "--json").document["changes"]
        (group,) = (change for change in changes if change["address"] == "log_group.ingest")
        return group["action"], "it was there before the function" in group["reason"]

    assert [("update", True), ("update", True), ("keep", False)] == [told(one) for one in ("plan", "up", "plan")]
