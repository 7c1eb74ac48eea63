"""What somebody else writes over while `up` is at work: told as theirs, and not as a delay of AWS's."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from task_deployer.aws import Aws
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word
from tests.faults.scene import Scene

pytestmark = pytest.mark.faults

PUT = "PutRolePolicy"


@contextmanager
def after_our_policy(aws: Aws, change: Callable[[], object]) -> Iterator[None]:
    """Somebody else acts right after our next put of a role's policy."""
    events = aws.iam.meta.events

    def act(**_: object) -> None:
        events.unregister(f"after-call.iam.{PUT}", act)
        change()

    events.register(f"after-call.iam.{PUT}", act)
    yield
    events.unregister(f"after-call.iam.{PUT}", act)


def said_of_the_policy(scene: Scene) -> list[Warning]:
    """What an `up` warns of about the role's policy."""
    return [warning for warning in scene.up().warnings if warning.address == "role_policy.ingest"]


def test_a_policy_that_somebody_else_wrote_over(new_scene: Callable[[], Scene]) -> None:
    """Another policy than ours and than the former one is somebody's doing: said with what differs, and what next."""
    scene = new_scene()
    role = {"RoleName": f"{scene.name}-dev-ingest-eu-central-1", "PolicyName": "LambdaPolicy"}
    theirs = {"Version": "2012-10-17", "Statement": [{"Sid": "T", "Effect": "Deny", "Action": "*", "Resource": "*"}]}

    def write() -> object:
        return scene.aws.iam.put_role_policy(**role, PolicyDocument=json.dumps(theirs))

    with after_our_policy(scene.aws, write):
        (told,) = said_of_the_policy(scene)
    assert "changed-meanwhile" == told.code
    assert "Statement.T" in told.message
    assert "somebody else" in told.message
    assert [] == said_of_the_policy(scene)


def test_a_policy_that_somebody_else_put_back(new_scene: Callable[[], Scene]) -> None:
    """The former policy in place of ours may be AWS's delay or somebody's doing: both are said, and what next."""
    scene = new_scene()
    scene.up()
    role = {"RoleName": f"{scene.name}-dev-ingest-eu-central-1", "PolicyName": "LambdaPolicy"}
    former = json.dumps(scene.aws.iam.get_role_policy(**role)["PolicyDocument"])
    scene.change()
    with after_our_policy(scene.aws, lambda: scene.aws.iam.put_role_policy(**role, PolicyDocument=former)):
        (told,) = said_of_the_policy(scene)
    assert "not-shown-yet" == told.code
    for word in ("slow to show", "somebody else", "`task-deploy status`", "`task-deploy up`"):
        assert word in told.message
