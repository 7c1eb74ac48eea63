"""Lambda keeps a grant for the very role that a function was made with: one made anew under its name does not do."""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.errors import SafetyError
from task_deployer.events import Event, Waiting
from task_deployer.manifest import read
from task_deployer.plan import Action
from task_deployer.result import Result
from tests.aws import Crash, Fault, Given, answering, answering_until, crashing, losing_the_answer, new_name, watched
from tests.contract.wishes import function as function_of
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

pytestmark = pytest.mark.faults


HIDDEN = Fault(404, "NoSuchEntity", "The role with name r cannot be found.")


def _role(scene: Scene) -> str:
    return f"{scene.name}-dev-ingest-eu-central-1"


def lose_the_role(scene: Scene) -> None:
    """As somebody does who tidies up."""
    iam, name = scene.aws.iam, _role(scene)
    iam.delete_role_policy(RoleName=name, PolicyName="LambdaPolicy")
    iam.delete_role(RoleName=name)


def make_the_role_anew(scene: Scene) -> None:
    """As somebody does who wants to help: the same name, the same trust, the same tags."""
    iam, name = scene.aws.iam, _role(scene)
    role = iam.get_role(RoleName=name)["Role"]
    lose_the_role(scene)
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=role["Tags"])


@pytest.mark.parametrize("what_happened", [lose_the_role, make_the_role_anew])
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


def test_what_others_may_do_with_the_function_stays(new_scene: Callable[[], Scene]) -> None:
    """Statements of others in the function's policy are there again when it was made anew, as they were."""
    scene = new_scene()
    scene.up()
    client, name = scene.aws.lambda_, f"{scene.name}-dev-ingest"
    topic = "arn:aws:sns:eu-central-1:000000000000:partner"
    client.add_permission(
        FunctionName=name,
        StatementId="partner",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    before = _statements(scene)
    assert "partner" in before
    lose_the_role(scene)
    with losing_the_answer(scene.aws, "CreateFunction"):
        result = scene.up()
    assert [] == [warning for warning in result.warnings if warning.code == "statements-lost"]
    assert before == _statements(scene)


PARTNERS = ("partner", "partner-too")


def _with_partners(scene: Scene) -> dict[str, object]:
    """A deployed stack whose function others may invoke, and whose role is lost; what its policy says."""
    scene.up()
    for partner in PARTNERS:
        scene.aws.lambda_.add_permission(
            FunctionName=f"{scene.name}-dev-ingest",
            StatementId=partner,
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=f"arn:aws:sns:eu-central-1:000000000000:{partner}",
        )
    before = _statements(scene)
    lose_the_role(scene)
    return before


def _kept(scene: Scene) -> list[Path]:
    """The files in which statements of others are kept."""
    return [path for path in (scene.manifest.parent / "statements").glob("*") if path.is_file()]


@pytest.mark.parametrize("when", ["before-call", "after-call"])
@pytest.mark.parametrize("lane", range(4))
def test_what_others_may_do_survives_a_death_at_any_call(new_scene: Callable[[], Scene], when: str, lane: int) -> None:
    """A run that died while it made the function anew loses nothing: `up` puts back all, `down` leaves none.

    After a call is before the next one: so each moment is gone on from by `up` and by `down`.
    """
    for number in itertools.count(lane, 4):
        scene = new_scene()
        before = _with_partners(scene)
        with crashing(scene.aws, when, number) as calls, suppress(Crash):
            assert () == scene.up().outcome.failed
            assert before == _statements(scene)
            assert number > lane
            return
        if when == "after-call":
            scene.down()
            assert_nothing_left(scene.aws, scene.name, scene.folder)
            continue
        result = scene.up()
        assert () == result.outcome.failed
        assert before == _statements(scene), f"it had died, {when}, at the last of these: {calls}"
        assert [] == _kept(scene)
        with watched(scene.aws) as asked:
            scene.up()
        assert [] == asked.mutating


def test_what_is_kept_is_told_when_it_is_put_back(new_scene: Callable[[], Scene]) -> None:
    """An `up` that makes the function whose making died says whose statements it puts back, and only those."""
    scene = new_scene()
    _with_partners(scene)
    with answering(scene.aws, "CreateFunction", Fault(400, "InvalidRequestContentException")):
        assert ["function.ingest"] == [failed.change.address for failed in scene.up().outcome.failed]
    (kept,) = _kept(scene)
    assert {*PARTNERS} == {one["Sid"] for one in json.loads(kept.read_text())["statements"]}
    (told,) = scene.up().warnings
    assert ("statements-put-back", "function.ingest") == (told.code, told.address)
    assert told.message.endswith("put back: partner, partner-too.")
    assert ([], ()) == (_kept(scene), scene.up().warnings)


def test_what_is_refused_for_now_stays_kept(new_scene: Callable[[], Scene]) -> None:
    """A statement that AWS may take later is told with the place where it is, and the next `up` puts it back."""
    scene = new_scene()
    before = _with_partners(scene)
    with _forbidding(scene, "partner"):
        result = scene.up()
    assert () == result.outcome.failed
    (told,), (kept,) = result.warnings, _kept(scene)
    assert ("statements-kept", True) == (told.code, str(kept) in told.message)
    assert "partner" not in _statements(scene)
    scene.up()
    assert (before, []) == (_statements(scene), _kept(scene))


@contextmanager
def _forbidding(scene: Scene, statement: str) -> Iterator[None]:
    """Lambda lets nobody add this statement."""

    def refuse(params: Mapping[str, str], **_: object) -> None:
        if params["StatementId"] == statement:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "AddPermission")

    events = scene.aws.lambda_.meta.events
    events.register("before-parameter-build.lambda.AddPermission", refuse)
    yield
    events.unregister("before-parameter-build.lambda.AddPermission", refuse)


def test_what_is_kept_and_cannot_be_read_is_left(new_scene: Callable[[], Scene]) -> None:
    """A kept file that is broken is never taken for nothing: the function stays as it is, and later it is told."""
    scene = new_scene()
    _with_partners(scene)
    folder = scene.manifest.parent / "statements"
    folder.mkdir()
    broken = folder / f"{scene.name}-dev-ingest~{scene.manifest.name}"
    broken.write_text("{")
    with watched(scene.aws) as asked:
        (failed,) = scene.up().outcome.failed
    assert "DeleteFunction" not in asked.mutating
    assert "Mend the file" in failed.error.hint
    broken.write_text('{"version": 1, "statements": []}')
    assert () == scene.up().outcome.failed
    broken.parent.mkdir()
    broken.write_text('{"version": 2, "statements": []}')
    (told,) = scene.up().warnings
    assert ("statements-kept", True) == (told.code, "this release knows 1" in told.message)
    assert broken.exists()


def test_a_statement_that_cannot_be_put_back_is_told(aws: Aws) -> None:
    """What AddPermission cannot say, or Lambda refuses, is told with the statement itself and the reason."""
    deny = {"Sid": "deny", "Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}
    gone = {"Sid": "gone", "Effect": "Allow", "Principal": {"AWS": "AIDAGONE"}, "Action": "lambda:InvokeFunction"}
    policy = json.dumps({"Policy": json.dumps({"Statement": [deny, gone]})})
    refusal = Fault(400, "InvalidParameterValueException", "The provided principal was invalid.")
    function = function_of(aws, new_name())
    function.role.create(aws)
    function.create(aws)
    told: list[Remark] = []
    with answering(aws, "GetPolicy", Given(200, body=policy)), answering(aws, "AddPermission", refusal):
        function.make_anew(aws.caring_with(Care(tell=told.append)))
    (remark,) = told
    assert "statements-lost" == remark.code
    for words in ('"Sid": "deny"', "AddPermission cannot say it", '"Sid": "gone"', "principal was invalid"):
        assert words in remark.message


def test_a_policy_that_may_not_be_read_is_not_deleted(aws: Aws) -> None:
    """Where the policy cannot be seen nothing is removed: what is in it could not be put back."""
    function = function_of(aws, new_name())
    function.role.create(aws)
    function.create(aws)
    no = Fault(403, "AccessDeniedException", "no")
    with answering(aws, "GetPolicy", no), watched(aws) as asked, pytest.raises(ClientError):
        function.make_anew(aws)
    assert [] == asked.mutating


def _statements(scene: Scene) -> dict[str, object]:
    """The statements of the function's policy by their ids."""
    policy = scene.aws.lambda_.get_policy(FunctionName=f"{scene.name}-dev-ingest")["Policy"]
    return {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_a_crash_on_the_way_forgets_nothing(new_scene: Callable[[], Scene]) -> None:
    """A run that died once the role was there makes the function anew in the next one; `down` then leaves nothing."""
    scene = new_scene()
    scene.up()
    lose_the_role(scene)
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


@pytest.mark.parametrize("looks", [1, 4])
def test_a_role_that_is_hidden_for_a_moment_changes_nothing(new_scene: Callable[[], Scene], looks: int) -> None:
    """A read that does not find a role, though it is there, is no reason to delete the function that runs under it."""
    scene = new_scene()
    scene.up()
    with watched(scene.aws) as asked, answering(scene.aws, "GetRole", *[HIDDEN] * looks):
        result = scene.up()
    assert ([], ()) == (asked.mutating, result.plan.pending)
    for look in (scene.plan, scene.status):
        with answering(scene.aws, "GetRole", *[HIDDEN] * looks):
            assert () == look().plan.pending


def _grow_old(scene: Scene) -> None:
    """Let an hour pass since anything was recorded."""
    then = time.time() - 3600
    os.utime(scene.manifest, (then, then))


@pytest.mark.parametrize("look", [Scene.plan, Scene.status, Scene.up])
def test_what_has_long_been_there_is_not_waited_for(
    new_scene: Callable[[], Scene], look: Callable[[Scene], Result]
) -> None:
    """A role that was made an hour ago and is not found at two looks is gone: that is told without any wait."""
    events: list[Event] = []
    scene = replace(new_scene(), report=events.append)
    scene.up()
    lose_the_role(scene)
    _grow_old(scene)
    events.clear()
    with watched(scene.aws) as asked:
        changes = look(scene).plan.changes
    assert (Action.CREATE, True) == tuple(
        next(getattr(one, name) for one in changes if one.address == address)
        for address, name in (("role.ingest", "action"), ("function.ingest", "anew"))
    )
    reads = list(itertools.takewhile(lambda name: name != "CreateRole", asked.operations))
    assert 2 == reads.count("GetRole")
    assert [] == [event for event in events if isinstance(event, Waiting) and "role.ingest, which" in event.reason]


def test_what_has_long_been_there_and_is_missed_once_is_there(new_scene: Callable[[], Scene]) -> None:
    """A single read that does not find an old role is not believed."""
    scene = new_scene()
    scene.up()
    for look in (scene.plan, scene.status, scene.up):
        _grow_old(scene)
        with answering(scene.aws, "GetRole", HIDDEN):
            assert () == look().plan.pending


def test_a_missing_role_of_what_is_not_ours_is_no_reason_to_wait_long(new_scene: Callable[[], Scene]) -> None:
    """Where no record holds the function nothing is deleted for its role: the refusal comes after seconds."""
    scene = new_scene()
    scene.up()
    lose_the_role(scene)
    scene.manifest.unlink()
    with pytest.raises(SafetyError), watched(scene.aws) as asked:
        scene.plan()
    assert asked.count("GetRole") < 12


def test_a_role_that_is_hidden_for_longer_keeps_its_function(new_scene: Callable[[], Scene]) -> None:
    """A role that is found to be there when it is to be made is the one that the function was made with: both stay."""
    scene = new_scene()
    scene.up()
    role_id = scene.aws.iam.get_role(RoleName=_role(scene))["Role"]["RoleId"]
    with watched(scene.aws) as asked, answering_until(scene.aws, "CreateRole", "GetRole", HIDDEN):
        result = scene.up()
    assert () == result.outcome.failed
    assert not {"DeleteFunction", "CreateFunction", "UpdateFunctionCode"} & set(asked.mutating)
    assert role_id == _bound_to(scene)
    with watched(scene.aws) as asked:
        scene.up()
    assert [] == asked.mutating


def test_a_role_whose_id_no_run_has_seen_is_looked_for_longer(new_scene: Callable[[], Scene]) -> None:
    """After a first run that died nothing but patience tells a hidden role from a lost one: the function stays."""
    other, scene = new_scene(), new_scene()
    with watched(other.aws) as asked:
        other.up()
    with crashing(scene.aws, "before-call", len(asked.mutating) - 1), pytest.raises(Crash):
        scene.up()
    assert "" == _bound_to(scene)
    with watched(scene.aws) as asked, answering(scene.aws, "GetRole", *[HIDDEN] * 12):
        scene.up()
    assert not {"CreateRole", "DeleteFunction"} & set(asked.mutating)


def test_a_role_that_was_seen_to_be_another_is_not_asked_for_again(new_scene: Callable[[], Scene]) -> None:
    """Once a role of another id was seen, a late read that shows the former one changes nothing."""
    scene = new_scene()
    scene.up()
    make_the_role_anew(scene)
    with watched(scene.aws) as asked:
        scene.up()
    assert "CreateFunction" in asked.mutating
    assert 1 == asked.count("GetRole")


def test_a_crash_before_the_deletion_forgets_no_id(new_scene: Callable[[], Scene]) -> None:
    """A run that died just before it deleted the function leaves on record what the next one needs to delete it."""
    scene = new_scene()
    scene.up()
    make_the_role_anew(scene)
    with crashing(scene.aws, "before-call", 1) as calls, pytest.raises(Crash):
        scene.up()
    assert ["PutRolePolicy", "DeleteFunction"] == calls
    with watched(scene.aws) as asked:
        scene.up()
    assert ["DeleteFunction", "CreateFunction"] == [name for name in asked.mutating if name.endswith("eFunction")]


def _bound_to(scene: Scene) -> str:
    recorded = read(scene.manifest)
    assert recorded
    return next(r.bound_to for address, r in recorded.records.items() if address == "function.ingest")
