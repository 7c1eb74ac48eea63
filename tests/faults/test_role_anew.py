"""Lambda keeps a grant for the very role that a function was made with: one made anew under its name does not do."""

import json
from collections.abc import Callable

import pytest

from task_deployer.manifest import read
from task_deployer.plan import Action
from tests.aws import Crash, crashing, watched
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

pytestmark = pytest.mark.faults


def _role(scene: Scene) -> str:
    return f"{scene.name}-dev-ingest-eu-central-1"


def _lose_the_role(scene: Scene) -> None:
    iam, name = scene.aws.iam, _role(scene)
    iam.delete_role_policy(RoleName=name, PolicyName="LambdaPolicy")
    iam.delete_role(RoleName=name)


def _make_the_role_anew(scene: Scene) -> None:
    """As somebody does who wants to help: the same name, the same trust, the same tags."""
    iam, name = scene.aws.iam, _role(scene)
    role = iam.get_role(RoleName=name)["Role"]
    _lose_the_role(scene)
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=role["Tags"])


@pytest.mark.parametrize("what_happened", [_lose_the_role, _make_the_role_anew])
def test_the_function_is_made_anew_with_its_role(
    new_scene: Callable[[], Scene], what_happened: Callable[[Scene], None]
) -> None:
    """The function is made again, with what goes with it, and after that nothing is left to do."""
    scene = new_scene()
    scene.up()
    what_happened(scene)
    with watched(scene.aws) as asked:
        result = scene.up()
    assert () == result.outcome.failed
    change = next(change for change in result.plan.changes if change.address == "function.ingest")
    assert (Action.UPDATE, True) == (change.action, change.anew)
    assert "role.ingest.UniqueId" == change.differences[0].path
    calls = asked.mutating
    assert calls.index("DeleteFunction") < calls.index("CreateFunction") < calls.index("AddPermission")
    assert "PutFunctionEventInvokeConfig" in calls
    with watched(scene.aws) as asked:
        again = scene.up()
    assert [] == asked.mutating
    assert () == again.plan.pending
    assert_all_recorded(scene.manifest)


def test_a_crash_on_the_way_forgets_nothing(new_scene: Callable[[], Scene]) -> None:
    """A run that died once the role was there makes the function anew in the next one; `down` then leaves nothing."""
    scene = new_scene()
    scene.up()
    _lose_the_role(scene)
    with crashing(scene.aws, "after-call", 0) as calls, pytest.raises(Crash):
        scene.up()
    assert ["CreateRole"] == calls
    with watched(scene.aws) as asked:
        scene.up()
    assert "DeleteFunction" in asked.mutating
    scene.down()
    assert_nothing_left(scene.aws, scene.name, scene.folder)
    assert scene.foreign == read_foreign(scene.aws, scene.name)


def test_the_manifest_says_which_role_it_is(new_scene: Callable[[], Scene]) -> None:
    """The record of the function holds AWS's own id of its role, and no other record one."""
    scene = new_scene()
    scene.up()
    role_id = scene.aws.iam.get_role(RoleName=_role(scene))["Role"]["RoleId"]
    recorded = read(scene.manifest)
    assert recorded
    bound = {address: record.bound_to for address, record in recorded.records.items() if record.bound_to}
    assert {"function.ingest": role_id} == bound
