"""Dead entries of others in a shared bucket: told and refused before anything is made, and not when S3 says so."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from task_deployer.checks import Check, Diagnosis, Verdict
from task_deployer.data_loss import Choices
from task_deployer.errors import SafetyError
from task_deployer.resources.notification_document import Entry, merge
from tests.aws import watched
from tests.faults.scene import Scene

pytestmark = pytest.mark.faults

SKIP = Choices(skip_dead_foreign=True)


def put_dead(scene: Scene, service: str = "lambda", resource: str = "", account: str = "") -> str:
    """Put an entry of others to what does not exist, mostly a function, unchecked; returns its ARN."""
    bucket = f"{scene.name}-theirs"
    arn = scene.aws.account.arn(service, resource or f"function:{scene.name}-gone")
    arn = arn.replace(scene.aws.account.id, account or scene.aws.account.id)
    found = scene.aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    document = merge({**found}, [Entry(f"theirs-{service}", arn, ("s3:ObjectCreated:*",), f"{service}/")], ())
    scene.aws.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration=document,  # type: ignore[arg-type]  # a document
        SkipDestinationValidation=True,
    )
    return arn


@contextmanager
def refusing_to_show(scene: Scene, code: str) -> Iterator[None]:
    """AWS answers so to whoever looks at that function."""

    def refuse(params: Mapping[str, str], **_: object) -> None:
        if params["FunctionName"].endswith("-gone"):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetPolicy")

    events = scene.aws.lambda_.meta.events
    events.register("before-parameter-build.lambda.GetPolicy", refuse)
    yield
    events.unregister("before-parameter-build.lambda.GetPolicy", refuse)


def checks_of(found: Diagnosis, scene: Scene) -> list[Check]:
    """What `doctor` says of the shared bucket's document."""
    return [check for check in found.checks if check.name == f"notifications.{scene.name}-theirs"]


def test_up_refuses_before_it_makes_anything(new_scene_of_any_sort: Callable[[], Scene]) -> None:
    """A first `up` beside a dead entry of others is refused, naming it and both ways out; nothing is made."""
    scene = new_scene_of_any_sort()
    arn = put_dead(scene)
    with watched(scene.aws) as asked, pytest.raises(SafetyError) as caught:
        scene.up()
    assert [] == asked.mutating
    assert f"to {arn}): the function does not exist" in caught.value.detail
    assert "Ask its owner to remove that entry" in caught.value.hint
    assert "--skip-dead-foreign" in caught.value.hint
    assert not scene.manifest.exists()


def test_up_goes_on_where_it_is_told_to(new_scene: Callable[[], Scene]) -> None:
    """With --skip-dead-foreign nothing is looked at beforehand, ours are put, and the result says at what price."""
    scene = new_scene()
    put_dead(scene)
    result = scene.up(choices=SKIP)
    assert "skipped-validation" in {warning.code for warning in result.warnings}
    assert not scene.plan().plan.pending


def test_plan_refuses_as_up_would(new_scene: Callable[[], Scene]) -> None:
    """`plan` ends as the `up` of the same moment: refused, with the same exit code, words and advice."""
    scene = new_scene()
    arn, told = put_dead(scene), list[tuple[object, ...]]()
    for deed in (scene.plan, scene.up):
        with pytest.raises(SafetyError) as caught:
            deed()
        error = caught.value
        told.append((error.exit_code, error.address, error.summary, error.detail, error.hint))
    assert told[0] == told[1]
    assert (5, f"notifications.{scene.name}-theirs") == told[0][:2]
    assert arn in str(told[0])
    assert not scene.manifest.exists()


def test_plan_shows_what_up_would_do_where_it_is_told_to(new_scene: Callable[[], Scene]) -> None:
    """`plan --skip-dead-foreign` is the plan that `up --skip-dead-foreign` carries out, and looks at as little."""
    scene = new_scene()
    put_dead(scene)
    with watched(scene.aws) as asked:
        planned = scene.plan(choices=SKIP).plan
    assert [] == asked.mutating
    assert "GetFunctionConfiguration" not in asked.operations
    assert planned == scene.up(choices=SKIP).plan


def test_the_price_of_skipping_is_told_for_each_command(new_scene: Callable[[], Scene]) -> None:
    """What S3 refuses to a `down` is taken out with the flag that its hint names, and nobody speaks of putting."""
    scene = new_scene()
    scene.up()
    put_dead(scene)
    (failed,) = scene.down().outcome.failed
    assert "--skip-dead-foreign: S3 then checks no destination, and ours are taken out." in failed.error.hint
    result = scene.down(choices=SKIP)
    (told,) = [warning for warning in result.warnings if warning.code == "skipped-validation"]
    assert () == result.outcome.failed
    assert told.message.endswith("until their owners mend them.")


def test_doctor_tells_before_and_after(new_scene: Callable[[], Scene]) -> None:
    """A dead entry is a problem of `doctor` where `up` would meet it, and a warning where nothing of ours changes."""
    scene = new_scene()
    arn = put_dead(scene)
    (check,) = checks_of(scene.doctor(), scene)
    assert (Verdict.PROBLEM, True) == (check.state, arn in check.detail)
    scene.up(choices=SKIP)
    (check,) = checks_of(scene.doctor(), scene)
    assert (Verdict.WARNING, True) == (check.state, arn in check.detail)
    assert "--skip-dead-foreign" in check.hint


def test_a_removal_of_ours_is_refused_too(new_scene: Callable[[], Scene]) -> None:
    """To take ours out S3 checks all, too: an `up` whose config dropped the bucket is refused before it begins."""
    scene = new_scene()
    scene.up()
    put_dead(scene)
    base = scene.folder / "config" / "task.toml"
    base.write_text(base.read_text().partition("[tasks.ingest.buckets.theirs]")[0])
    with watched(scene.aws) as asked, pytest.raises(SafetyError, match="because of what is not ours"):
        scene.up()
    assert [] == asked.mutating


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_what_may_not_be_looked_at_is_no_reason(new_scene: Callable[[], Scene], code: str) -> None:
    """Where the look is refused the entry is unknown, not dead: nobody refuses for it, and S3 is left to judge."""
    scene = new_scene()
    put_dead(scene)
    with refusing_to_show(scene, code):
        assert scene.plan().plan.pending
        assert [] == checks_of(scene.doctor(), scene)
        outcome = scene.up().outcome
    assert [f"notifications.{scene.name}-theirs"] == [failed.change.address for failed in outcome.failed]


def test_another_account_is_not_asked(new_scene: Callable[[], Scene]) -> None:
    """What is of another account is not looked at: it may be there without being shown to us."""
    scene = new_scene()
    put_dead(scene, account="111111111111")
    with watched(scene.aws) as asked:
        assert scene.plan().plan.pending
    assert "GetFunctionConfiguration" not in asked.operations


def test_nothing_is_asked_where_nothing_is_written(new_scene: Callable[[], Scene]) -> None:
    """An `up` with nothing to do looks at no destination of others, dead or not: it makes the same calls as ever."""
    scene = new_scene()
    scene.up()
    with watched(scene.aws) as without:
        scene.up()
    put_dead(scene)
    with watched(scene.aws) as beside:
        scene.up()
    assert Counter(without.operations) == Counter(beside.operations)


def test_the_look_costs_one_call_for_each_destination(new_scene: Callable[[], Scene]) -> None:
    """Before ours are written beside others', each of their destinations is asked for once, however many entries."""
    scene = new_scene()
    with watched(scene.aws) as skipping:
        scene.up(choices=SKIP)
    scene.down()
    bucket = f"{scene.name}-theirs"
    found = scene.aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    (theirs,) = found["QueueConfigurations"]
    second = {**theirs, "Id": "theirs-too", "Events": ["s3:ObjectTagging:*"]}
    scene.aws.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [theirs, second]},  # type: ignore[list-item]  # an entry
    )
    with watched(scene.aws) as asked:
        scene.up()
    more = Counter(asked.operations) - Counter(skipping.operations)
    assert {"GetQueueAttributes": 1} == more
