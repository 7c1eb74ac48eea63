"""What others published of a function goes for good when it is made anew: that is told first, and asked."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from task_deployer.config import load
from task_deployer.errors import ResourceError
from task_deployer.manifest import read
from task_deployer.recorded import forget
from task_deployer.resources.base import Address
from tests.aws import Fault, Given, answering, watched
from tests.faults.scene import Scene
from tests.faults.test_role_anew import lose_the_role, make_the_role_anew
from tests.rights import missing, printed

pytestmark = pytest.mark.faults

FUNCTION = Address("function.ingest")
LOOKS = {"ListVersionsByFunction", "ListAliases", "GetFunctionUrlConfig"}


def name_of(scene: Scene) -> str:
    """The function's name."""
    return f"{scene.name}-dev-ingest"


def publish(scene: Scene) -> str:
    """Publish a version, name it by an alias, give the function a URL; returns the URL."""
    client, name = scene.aws.lambda_, name_of(scene)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]


@pytest.fixture
def published(new_scene: Callable[[], Scene]) -> tuple[Scene, str]:
    """A stack whose function has a version, an alias and a URL, and whose role is lost; and the URL."""
    scene = new_scene()
    scene.up()
    url = publish(scene)
    lose_the_role(scene)
    return scene, url


class No(Exception):  # noqa: N818 - it is an answer
    """The user's answer."""


def refuse(_: str) -> None:
    """Say no."""
    raise No


def reason_of(scene: Scene) -> str:
    """What `plan` says of the function."""
    return next(change.reason for change in scene.plan().plan.changes if change.address == FUNCTION)


def test_the_plan_names_it(published: tuple[Scene, str]) -> None:
    """`plan` names the versions, the aliases and the URL that are lost, and keeps to the policy printed for it."""
    scene, url = published
    allowed = printed(load(scene.folder / "config", "dev"), scene.aws.account)
    with watched(scene.aws) as asked:
        reason = reason_of(scene)
    assert reason.endswith(f"; loses for good: version 1, alias live, URL {url}")
    assert LOOKS <= set(asked.operations)
    assert set() == missing(asked.calls, allowed["plan"])
    with watched(scene.aws) as asked:
        scene.up()
    assert set() == missing(asked.calls, allowed["up"])


def test_it_is_not_lost_unasked(published: tuple[Scene, str]) -> None:
    """`up` asks before it changes anything, naming all: after a no all is there still, after a yes all is as wanted."""
    scene, url = published
    with watched(scene.aws) as asked, pytest.raises(No):
        replace(scene, confirm=refuse).up()
    assert [] == asked.mutating
    assert url == scene.aws.lambda_.get_function_url_config(FunctionName=name_of(scene))["FunctionUrl"]
    questions = list[str]()
    assert () == replace(scene, confirm=questions.append).up().outcome.failed
    (question,) = questions
    assert f"This makes {FUNCTION} anew, which loses for good: version 1, alias live, URL {url}. Go on?" == question
    assert () == scene.plan().plan.pending


def test_where_nothing_was_published_nothing_is_asked(new_scene: Callable[[], Scene]) -> None:
    """A function without any of it is made anew as it always was; one that stays is not even looked at for it."""
    scene = new_scene()
    scene.up()
    publish(scene)
    with watched(scene.aws) as asked:
        replace(scene, confirm=refuse).up()
    assert LOOKS.isdisjoint(asked.operations)
    bare = new_scene()
    bare.up()
    lose_the_role(bare)
    assert "loses" not in reason_of(bare)
    assert () == replace(bare, confirm=refuse).up().outcome.failed


@pytest.mark.parametrize("call", sorted(LOOKS))
def test_a_look_that_is_forbidden_is_not_taken_for_nothing(new_scene: Callable[[], Scene], call: str) -> None:
    """Where one of the looks is forbidden both commands stop before any change, and name the right and the function."""
    scene = new_scene()
    scene.up()
    lose_the_role(scene)
    for run in (scene.plan, scene.up):
        with (
            watched(scene.aws) as asked,
            answering(scene.aws, call, Fault(403, "AccessDeniedException", "no")),
            pytest.raises(ResourceError) as caught,
        ):
            run()
        assert [] == asked.mutating
        assert (
            f"lambda:{call} on {scene.aws.account.arn('lambda', f'function:{name_of(scene)}')}" in caught.value.summary
        )


def test_many_versions_are_counted(new_scene: Callable[[], Scene]) -> None:
    """Hundreds of versions, however many pages they fill, are told by their number, the first and the last."""
    scene = new_scene()
    scene.up()
    lose_the_role(scene)
    pages = [["$LATEST", *range(1, 50)], range(50, 100)]
    markers = [{"NextMarker": "more"}, {}]
    answers = [
        Given(200, body=json.dumps({"Versions": [{"Version": str(version)} for version in page], **marker}))
        for page, marker in zip(pages, markers, strict=True)
    ]
    with answering(scene.aws, "ListVersionsByFunction", *answers):
        assert reason_of(scene).endswith("loses for good: 99 versions (1 to 99)")


def test_what_was_mended_by_hand_is_kept(new_scene: Callable[[], Scene]) -> None:
    """A function that was forgotten and adopted is bound to the role as it is now, and is not made anew for it."""
    scene = new_scene()
    scene.up()
    url = publish(scene)
    make_the_role_anew(scene)
    forget(scene.project, FUNCTION, lambda _: None)
    scene.adopt()
    assert () == scene.up().outcome.failed
    assert () == scene.plan().plan.pending
    assert url == scene.aws.lambda_.get_function_url_config(FunctionName=name_of(scene))["FunctionUrl"]
    recorded = read(scene.manifest)
    assert recorded is not None
    role = scene.aws.iam.get_role(RoleName=f"{name_of(scene)}-eu-central-1")["Role"]
    assert role["RoleId"] == recorded.records[FUNCTION].bound_to
