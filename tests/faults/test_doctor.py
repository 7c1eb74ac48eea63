"""`doctor` against the local AWS: it reads only, names what lacks, and lives through every refusal."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from task_deployer.caller import Caller
from task_deployer.checks import Check, Diagnosis, Verdict
from task_deployer.lock_holder import this_process
from tests.aws import Fault, Given, answering, simulated, watched
from tests.faults.scene import Scene

pytestmark = pytest.mark.faults

USER = "arn:aws:iam::000000000000:user/staff/me"
ASSUMED = "arn:aws:sts::000000000000:assumed-role/Deployer/session-1"
Decide = Callable[[str, str], str]


def simulator(decide: Decide, asked: list[Mapping[str, list[str]]], more: str = "") -> Callable[..., Fault]:
    """An answer of SimulatePrincipalPolicy's: one result an action, with a part for each ARN if there are several."""

    def listed(request: Mapping[str, list[str]], name: str) -> list[str]:
        return [request[key][0] for key in request if key.startswith(f"{name}.member.")]

    def part(action: str, arn: str) -> str:
        decision = f"<EvalResourceDecision>{decide(action, arn)}</EvalResourceDecision>"
        return f"<member><EvalResourceName>{arn}</EvalResourceName>{decision}{more}</member>"

    def answer(request: Mapping[str, list[str]]) -> Fault:
        asked.append(request)
        arns, results = listed(request, "ResourceArns"), ""
        for action in listed(request, "ActionNames"):
            decisions = [decide(action, arn) for arn in arns]
            refused = [decision for decision in decisions if decision != "allowed"]
            results += f"<member><EvalActionName>{action}</EvalActionName>"
            results += f"<EvalDecision>{(refused or ['allowed'])[0]}</EvalDecision>"
            results += f"<EvalResourceName>{arns[0]}</EvalResourceName>{more}"
            parts = "".join(part(action, arn) for arn in arns) if len(arns) > 1 else ""
            results += f"<ResourceSpecificResults>{parts}</ResourceSpecificResults></member>"
        result = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
        name = "SimulatePrincipalPolicy"
        return Given(200, body=f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>")

    return answer


def as_caller(scene: Scene, arn: str) -> Scene:
    """The same scene, but with credentials of somebody else's."""
    return replace(scene, aws=replace(scene.aws, caller=Caller("000000000000", arn, scene.aws.caller.date)))


def named(diagnosis: Diagnosis, name: str) -> Check:
    """The one check of this name."""
    (check,) = [check for check in diagnosis.checks if check.name == name]
    return check


def said(who: str) -> str:
    """That this sort of policy is what refuses."""
    return f"<{who}DecisionDetail><AllowedBy{who}>false</AllowedBy{who}></{who}DecisionDetail>"


def everything(_action: str, _arn: str) -> str:
    """Allow all."""
    return "allowed"


def test_all_is_well(new_scene: Callable[[], Scene]) -> None:
    """After an `up`, with every right, each check is ok; nothing is written, at AWS or on disk."""
    scene = as_caller(new_scene(), USER)
    scene.up()
    before = scene.files()
    with watched(scene.aws) as asked, simulated(scene.aws, "SimulatePrincipalPolicy", simulator(everything, [])):
        found = scene.doctor()
    assert {Verdict.OK} == {check.state for check in found.checks}, found.checks
    assert [] == asked.mutating
    assert before == scene.files()
    assert {"rights.up", "rights.down", "plan", "ingest.events.uploads", "ingest.events.theirs", "topic.theirs"} <= {
        check.name for check in found.checks
    }


def test_before_the_first_up(new_scene: Callable[[], Scene]) -> None:
    """Without a manifest the plan and the rights are checked all the same."""
    scene = as_caller(new_scene(), USER)
    with simulated(scene.aws, "SimulatePrincipalPolicy", simulator(everything, [])):
        found = scene.doctor()
    assert "would change" in named(found, "plan").detail
    assert named(found, "rights.up").state is Verdict.OK
    assert 0 == found.exit_code


def test_missing_rights_are_named_by_resource(new_scene: Callable[[], Scene]) -> None:
    """A right that lacks for `up` is a problem, one for `down` alone a warning; each with its ARN, and a policy."""
    scene = as_caller(new_scene(), USER)

    def decide(action: str, _arn: str) -> str:
        return "implicitDeny" if action in ("lambda:CreateFunction", "s3:DeleteBucket") else "allowed"

    with simulated(scene.aws, "SimulatePrincipalPolicy", simulator(decide, [])):
        found = scene.doctor()
    function = scene.aws.account.arn("lambda", f"function:{scene.name}-dev-ingest")
    up, down = named(found, "rights.up"), named(found, "rights.down")
    assert (Verdict.PROBLEM, Verdict.WARNING) == (up.state, down.state)
    assert f"{function}: lambda:CreateFunction" in up.detail.splitlines()
    assert '"Action": ["lambda:CreateFunction"]' in up.detail
    assert "lambda:CreateFunction" in up.hint
    assert "s3:DeleteBucket" in down.detail
    assert "s3:DeleteBucket" not in up.detail
    assert 1 == found.exit_code


@pytest.mark.parametrize(
    ("decision", "more", "words", "state"),
    [
        ("explicitDeny", "", "denied by a policy", Verdict.PROBLEM),
        (
            "implicitDeny",
            said("Organizations"),
            "denied by a service control policy",
            Verdict.PROBLEM,
        ),
        (
            "implicitDeny",
            said("PermissionsBoundary"),
            "denied by a permissions boundary",
            Verdict.PROBLEM,
        ),
        (
            "implicitDeny",
            "<MissingContextValues><member>aws:RequestTag/team</member></MissingContextValues>",
            "unless aws:RequestTag/team allows it",
            Verdict.WARNING,
        ),
    ],
)
def test_why_a_right_lacks(
    new_scene: Callable[[], Scene], decision: str, more: str, words: str, state: Verdict
) -> None:
    """What no further right can give is told apart, and what depends on a condition is no more than a warning."""
    scene = as_caller(new_scene(), USER)

    def decide(action: str, _arn: str) -> str:
        return decision if action == "iam:CreateRole" else "allowed"

    with simulated(scene.aws, "SimulatePrincipalPolicy", simulator(decide, [], more)):
        check = named(scene.doctor(), "rights.up")
    assert state is check.state
    assert f"iam:CreateRole ({words})" in check.detail


def test_an_answer_in_other_words_is_no_right(new_scene: Callable[[], Scene]) -> None:
    """Where the simulator spells an action or an ARN otherwise than it was asked, a refusal stays a refusal."""
    scene = as_caller(new_scene(), USER)
    made = simulator(lambda action, _: "implicitDeny" if action == "lambda:CreateFunction" else "allowed", [])

    def otherwise(request: Mapping[str, list[str]]) -> Fault:
        given = made(request)
        assert isinstance(given, Given)
        body = given.body.replace("lambda:CreateFunction", "lambda:createfunction").replace("arn:aws:lambda", "arn:x:y")
        return replace(given, body=body)

    with simulated(scene.aws, "SimulatePrincipalPolicy", otherwise):
        check = named(scene.doctor(), "rights.up")
    assert Verdict.PROBLEM is check.state
    assert "lambda:CreateFunction" in check.detail


def test_bucket_and_object_actions_are_asked_apart(new_scene: Callable[[], Scene]) -> None:
    """No action is asked about with an ARN that it cannot be about: the simulator would refuse what AWS allows."""
    scene, asked = as_caller(new_scene(), USER), list[Mapping[str, list[str]]]()
    with simulated(scene.aws, "SimulatePrincipalPolicy", simulator(everything, asked)):
        scene.doctor()
    for request in asked:
        values = [value[0] for value in request.values()]
        objects = any(":s3:::" in value and value.endswith("/*") for value in values)
        assert objects == ("s3:DeleteObjectVersion" in values)
        assert not (objects and "s3:CreateBucket" in values)
    assert len(asked) <= 12


def test_an_assumed_role_is_asked_about_by_its_own_arn(new_scene: Callable[[], Scene]) -> None:
    """STS leaves out the role's path, so IAM is asked for it; a role that may not be read is taken to have none."""
    scene, asked = as_caller(new_scene(), ASSUMED), list[Mapping[str, list[str]]]()
    arn = "arn:aws:iam::000000000000:role/aws-reserved/sso/Deployer"
    role = f"<Role><Arn>{arn}</Arn><RoleName>Deployer</RoleName></Role>"
    told = Given(200, body=f"<GetRoleResponse><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>")

    def get_role(request: Mapping[str, list[str]]) -> Fault:
        is_caller = request["RoleName"] == ["Deployer"]
        return told if is_caller else Fault(404, "NoSuchEntity", "The role cannot be found.")

    with (
        simulated(scene.aws, "SimulatePrincipalPolicy", simulator(everything, asked)),
        simulated(scene.aws, "GetRole", get_role),
    ):
        assert Verdict.OK is named(scene.doctor(), "rights.up").state
    assert {arn} == {request["PolicySourceArn"][0] for request in asked}
    asked.clear()
    forbidden = Fault(403, "AccessDenied", "no")
    with (
        simulated(scene.aws, "SimulatePrincipalPolicy", simulator(everything, asked)),
        simulated(scene.aws, "GetRole", lambda _: forbidden),
    ):
        scene.doctor()
    assert {"arn:aws:iam::000000000000:role/Deployer"} == {request["PolicySourceArn"][0] for request in asked}


def test_root_needs_no_simulation(new_scene: Callable[[], Scene]) -> None:
    """The root user has every right of the account; IAM simulates none for it."""
    check = named(as_caller(new_scene(), "arn:aws:iam::000000000000:root").doctor(), "rights")
    assert Verdict.OK is check.state
    assert "root" in check.detail


@pytest.mark.parametrize(
    ("arn", "fault", "words"),
    [
        (USER, Fault(403, "AccessDenied", "not for you"), "iam:SimulatePrincipalPolicy"),
        (USER, Fault(404, "NoSuchEntity", "no such role"), "no such role"),
        ("arn:aws:sts::000000000000:federated-user/me", None, "cannot simulate the policies of"),
    ],
)
def test_what_cannot_be_simulated(new_scene: Callable[[], Scene], arn: str, fault: Fault | None, words: str) -> None:
    """Where nothing can be simulated that is said, with what to look at instead; all other checks go on."""
    scene = as_caller(new_scene(), arn)
    with simulated(scene.aws, "SimulatePrincipalPolicy", lambda _: fault or Fault(500)):
        found = scene.doctor()
    check = named(found, "rights")
    assert Verdict.WARNING is check.state
    assert words in check.detail
    assert "policy --deployer" in check.hint
    assert named(found, "plan").state is Verdict.OK


def test_the_local_aws_simulates_nothing(new_scene: Callable[[], Scene]) -> None:
    """The local AWS does not know the simulator: told as what cannot be checked here."""
    assert "cannot be checked here" in named(new_scene().doctor(), "rights").detail


def test_refused_reads_are_a_problem_and_an_unknown_link(new_scene: Callable[[], Scene]) -> None:
    """A read that is forbidden is told by the plan that it stops, and shows as unknown in the chain."""
    scene = new_scene()
    scene.up()
    with answering(scene.aws, "GetPolicy", *[Fault(403, "AccessDeniedException", "no")] * 2):
        found = scene.doctor()
    assert "lambda:GetPolicy" in named(found, "plan").detail
    assert "is unknown" in named(found, "ingest.events.uploads").detail
    assert 1 == found.exit_code


def test_credentials_that_end_on_the_way(new_scene: Callable[[], Scene]) -> None:
    """Credentials that end while AWS is read are a problem of their own sort: exit 3."""
    scene = new_scene()
    with answering(scene.aws, "GetRole", Fault(403, "ExpiredToken", "too late")):
        assert 3 == scene.doctor().exit_code


def test_a_run_at_work_and_one_that_was_interrupted(new_scene: Callable[[], Scene]) -> None:
    """Who holds the lock is told, without taking it; what a run did not finish is told when nobody does."""
    scene = new_scene()
    scene.up()
    text = scene.manifest.read_text().replace('"status": "ready"', '"status": "updating"', 1)
    scene.manifest.write_text(text)
    assert "(updating)" in named(scene.doctor(), "interrupted").detail
    lock = scene.manifest.with_name(f"{scene.manifest.name}.lock")
    lock.write_text(this_process().dumps())
    found = scene.doctor()
    assert f"process {os.getpid()}" in named(found, "lock").detail
    assert "interrupted" not in {check.name for check in found.checks}


@pytest.mark.parametrize(
    ("limit", "unreserved", "state"),
    [(1000, 900, Verdict.OK), (1000, 105, Verdict.OK), (1000, 104, Verdict.WARNING), (10, 10, Verdict.WARNING)],
)
def test_a_reservation_that_the_account_has_not_left_is_told_beforehand(
    new_scene: Callable[[], Scene], limit: int, unreserved: int, state: Verdict
) -> None:
    """Lambda keeps 100 executions at once unreserved, on a small account all it has: what is left is compared."""
    scene = new_scene()
    body = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}}
    with answering(scene.aws, "GetAccountSettings", Given(200, body=json.dumps(body))):
        found = named(scene.doctor(), "concurrency")
    assert state is found.state
    assert f"5 more to reserve; {unreserved} of the account's {limit} are unreserved" in found.detail
    assert ("Service Quotas" in found.hint) is (state is Verdict.WARNING)


def test_limits_that_may_not_be_read_are_a_warning(new_scene: Callable[[], Scene]) -> None:
    """Without the right to the account's settings nothing is said of them, but which right it takes."""
    scene = new_scene()
    with answering(scene.aws, "GetAccountSettings", Fault(403, "AccessDeniedException", "no")):
        found = named(scene.doctor(), "concurrency")
    assert Verdict.WARNING is found.state
    assert "lambda:GetAccountSettings" in found.hint


def test_what_is_reserved_already_asks_for_no_limits(new_scene: Callable[[], Scene]) -> None:
    """The account's settings cost a call only where `up` would reserve more."""
    scene = new_scene()
    with watched(scene.aws) as asked:
        scene.doctor()
    assert 1 == asked.count("GetAccountSettings")
    scene.up()
    with watched(scene.aws) as asked:
        scene.doctor()
    assert 0 == asked.count("GetAccountSettings")
