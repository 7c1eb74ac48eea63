"""Which calls the commands make: no more than their policy allows, and in an order that leaves no trace."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from task_deployer import stack
from task_deployer.archive import Archive
from task_deployer.caller import Caller
from task_deployer.config import load
from task_deployer.deployer_policy import deployer_policies
from task_deployer.errors import SafetyError
from task_deployer.manifest import read
from task_deployer.records import Origin
from task_deployer.resources import KINDS
from tests.aws import watched
from tests.faults.scene import Scene
from tests.faults.test_dead_foreign import SKIP, put_dead
from tests.rights import missing, printed

pytestmark = pytest.mark.faults

LISTINGS = {
    "log_group": ["logs:DescribeLogGroups"],
    "event_source": ["lambda:ListEventSourceMappings", "lambda:GetEventSourceMapping"],
}


def policies(scene: Scene) -> Mapping[str, set[str]]:
    """The actions that each command's policy allows, for the scene's config and manifest."""
    recorded = read(scene.manifest) if scene.manifest.exists() else None
    return printed(load(scene.folder / "config", "dev"), scene.aws.account, recorded)


def encrypt_theirs(scene: Scene) -> None:
    """Let the queue of others be encrypted with a key that an alias stands for; moto drops what is not set again."""
    url, sqs = scene.aws.account.queue_url(f"{scene.name}-theirs"), scene.aws.sqs
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy, "KmsMasterKeyId": f"alias/{scene.name}"})


def assert_keeps_to_its_policy(scene: Scene, command: str, run: Callable[[], object]) -> None:
    """All that the command asks AWS is allowed by what was printed just before it."""
    allowed = policies(scene)[command]
    with watched(scene.aws) as asked:
        run()
    assert asked.calls
    assert set() == missing(asked.calls, allowed), command


def assert_refused(run: Callable[[], object]) -> None:
    """A safety rule ends the command."""
    with pytest.raises(SafetyError):
        run()


def test_each_command_keeps_to_its_policy(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """Every call that a command makes is allowed by the policy that `policy --deployer` prints for it."""
    scene = new_scene_of_any_sort()
    encrypt_theirs(scene)
    commands: Mapping[str, Callable[[], object]] = {
        "up": scene.up,
        "plan": scene.plan,
        "status": scene.status,
        "down": scene.down,
        "doctor": scene.doctor,
    }
    for command in ("doctor", "plan", "up", "up", "plan", "status", "doctor", "down"):
        assert_keeps_to_its_policy(scene, command, commands[command])


def test_a_change_keeps_to_the_policy(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """An `up` that changes, adds and drops is allowed by what is printed after the config changed."""
    scene = new_scene_of_any_sort()
    scene.up()
    scene.change()
    for command, run in (("status", scene.status), ("doctor", scene.doctor), ("plan", scene.plan), ("up", scene.up)):
        assert_keeps_to_its_policy(scene, command, run)


def test_what_was_dropped_is_named(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """Of what is recorded and no longer wanted, each ARN is among those that `up` may delete; none without a record."""
    scene = new_scene_of_any_sort()
    scene.up()
    scene.change()
    recorded = read(scene.manifest)
    assert recorded
    config, account = load(scene.folder / "config", "dev"), scene.aws.account
    desired = stack.build(config, account, "", {task: Archive(b"", "", 0) for task in config.tasks})
    dropped = {a: r for a, r in recorded.records.items() if a not in {wanted.address for wanted in desired}}
    ours = [record for record in dropped.values() if record.origin is Origin.CREATED]
    assert ours
    text = json.dumps(deployer_policies(desired, account, recorded.records)["up"])
    for record in ours:
        kind = KINDS[record.kind]
        assert all(f'"{right}"' in text for right in kind.rights.delete)
        assert all(f'"{arn}"' in text for arn in kind.arns(account, record.identity))
    assert "Dropped" in text
    assert "Dropped" not in json.dumps(deployer_policies(desired, account)["up"])


def test_the_rest_keep_to_their_policies(new_scene: Callable[[], Scene], tmp_path: Path) -> None:
    """So do `adopt`, `restore-notifications` and `policy`, and `doctor` when it asks IAM's simulator about a role."""
    scene = new_scene()
    scene.up()
    scene.aws.s3.put_bucket_notification_configuration(Bucket=f"{scene.name}-theirs", NotificationConfiguration={})
    assert_keeps_to_its_policy(scene, "restore-notifications", scene.restore)
    assert_keeps_to_its_policy(scene, "policy", scene.role_policies)
    scene.manifest.rename(tmp_path / "lost.json")
    assert_keeps_to_its_policy(scene, "adopt", scene.adopt)
    caller = Caller(scene.aws.account.id, "arn:aws:sts::000000000000:assumed-role/Deployer/me", scene.aws.caller.date)
    assumed = replace(scene, aws=replace(scene.aws, caller=caller))
    assert_keeps_to_its_policy(assumed, "doctor", assumed.doctor)


def test_a_diagnosis_keeps_to_the_policy(new_scene: Callable[[], Scene]) -> None:
    """Looking at others' destinations is allowed, before ours are written and where S3 refuses them."""
    scene = new_scene()
    put_dead(scene, "lambda", f"function:{scene.name}-gone")
    put_dead(scene, "sqs", f"{scene.name}-gone")
    for command, run in (
        ("plan", lambda: assert_refused(scene.plan)),
        ("doctor", scene.doctor),
        ("up", partial(scene.up, choices=SKIP)),
    ):
        assert_keeps_to_its_policy(scene, command, run)
    assert_keeps_to_its_policy(scene, "down", scene.down)  # which S3 refuses because of theirs


def test_a_role_made_anew_keeps_to_the_policy(new_scene: Callable[[], Scene]) -> None:
    """A function that outlived its role is made anew with what `up` may do."""
    scene = new_scene()
    scene.up()
    role = f"{scene.name}-dev-ingest-eu-central-1"
    scene.aws.iam.delete_role_policy(RoleName=role, PolicyName="LambdaPolicy")
    scene.aws.iam.delete_role(RoleName=role)
    assert_keeps_to_its_policy(scene, "up", scene.up)


def test_nothing_but_listings_is_allowed_everywhere(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """Only what AWS cannot limit to one thing is allowed on all of them, and a write then only for our functions."""
    scene = new_scene_of_any_sort()
    config = load(scene.folder / "config", "dev")
    desired = stack.build(config, scene.aws.account, "", {task: Archive(b"", "", 0) for task in config.tasks})
    listed = [action for kind, actions in LISTINGS.items() if kind in {r.kind for r in desired} for action in actions]
    reserving = any(task.reserved_concurrency for task in config.tasks.values())
    limits = [["lambda:GetAccountSettings"]] if reserving else []
    for command, document in deployer_policies(desired, scene.aws.account).items():
        statements = document["Statement"]
        assert isinstance(statements, list)
        wide = [s for s in statements if any(arn.endswith((":*", "*")) and arn.count(":") < 6 for arn in s["Resource"])]
        expected = {"adopt": [[*listed, "tag:GetResources"]], "restore-notifications": [], "doctor": [listed, *limits]}
        listings = expected.get(command, [listed])
        assert listings == [s["Action"] for s in wide if s["Resource"] == ["*"] and "Condition" not in s]
        limited = [s["Condition"] for s in statements if s["Resource"] == ["*"] and "Condition" in s]
        function = scene.aws.account.arn("lambda", f"function:{scene.name}-dev-ingest")
        assert all(condition == {"ArnEquals": {"lambda:FunctionArn": function}} for condition in limited)


def test_events_end_first_and_logs_last(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """`down` takes the notification out before anything else, and the log group after the function writing to it."""
    scene = new_scene_of_any_sort()
    scene.up()
    with watched(scene.aws) as asked:
        scene.down(workers=8)
    calls = asked.mutating
    assert calls[0] == "PutBucketNotificationConfiguration"
    assert calls.index("DeleteFunction") < calls.index("DeleteLogGroup")
