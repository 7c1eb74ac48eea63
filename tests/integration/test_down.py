"""`down` removes what was made, asks before it does, and spares what holds data."""

import shutil
from dataclasses import replace

import pytest

from bench.latency import slowed
from task_deployer.lock_holder import this_process
from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, Project
from tests.lock_holders import another_process

BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"
FULL = ("--yes", "--empty-buckets")


def fill(account: Account) -> None:
    """Put into the versioned bucket: three versions of two keys, a delete marker, and an upload that never ended."""
    for key in ("a.csv", "a.csv", "b.csv"):
        account.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    account.s3.delete_object(Bucket=BUCKET, Key="b.csv")
    account.s3.create_multipart_upload(Bucket=BUCKET, Key="c.csv")


def test_nothing_to_do(project: Project, account: Account) -> None:
    """`down` before the first `up` has nothing to do: exit 0, no call, nothing written, with and without a config."""
    before = project.files()
    assert "nothing to do" in project.succeed("down").out
    unreachable = project.succeed("down", "--yes", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:1").document
    assert unreachable["changes"] == []
    assert unreachable["api_calls"] == {"total": 0, "mutating": 0}
    assert before == project.files()
    shutil.rmtree(project.root / "config")
    assert project.succeed("down", "--json").document["changes"] == []
    assert account.listing() == {}


def test_a_lost_manifest(project: Project, account: Account) -> None:
    """Without its manifest `down` does nothing, exit 0; with a config it says how to go on if it was lost."""
    project.succeed("up")
    project.manifest.unlink()
    deployed = account.listing()
    told = project.succeed("down", "--yes", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:1").document["warnings"]
    assert [("no-manifest", ".task-deploy/media.dev.json")] == [(one["code"], one["address"]) for one in told]
    assert "`task-deploy adopt`" in told[0]["message"]
    assert told[0]["message"] in project.succeed("down", "--yes").err
    assert deployed == account.listing()
    config = project.root / "config"
    away = config.rename(project.root / "away")
    assert [] == project.succeed("down", "--json").document["warnings"]
    away.rename(config)
    project.succeed("adopt", "--yes")
    project.succeed("down", "--yes")
    assert account.listing() == {}


@pytest.mark.parametrize("config", [True, False], ids=["config", "no config"])
def test_what_a_killed_run_left(project: Project, config: bool) -> None:  # noqa: FBT001 - one of two cases
    """What is left of a run that was killed when its manifest was gone goes with the next `down`, and nothing else."""
    with another_process(project.manifest) as process:
        process.kill()
    project.write(".task-deploy/.media.dev.json.new", "{")
    if not config:
        (project.root / "config" / "task.toml").unlink()
    assert project.manifest.with_name("media.dev.json.lock").exists()
    project.succeed("down")
    assert not project.manifest.parent.exists()


def test_an_empty_folder_that_a_killed_run_left(project: Project) -> None:
    """The tool's folder goes if nothing but its .gitignore is left in it; what somebody keeps there stays."""
    project.write(".task-deploy/.gitignore", "*\n")
    project.write(".task-deploy/notes.txt", "")
    before = project.files()
    project.succeed("down")
    assert before == project.files()
    (project.manifest.parent / "notes.txt").unlink()
    project.succeed("down")
    assert not project.manifest.parent.exists()


def test_a_lock_that_is_held_stays(project: Project) -> None:
    """A `down` with nothing to do leaves the lock of a run that is at work, or may be, elsewhere: no other comes in."""
    with another_process(project.manifest):
        project.succeed("down")
        project.refused("up", code=4)
    project.write(".task-deploy/media.prod.json.lock", replace(this_process(), host="elsewhere", pid=7).dumps())
    project.succeed("down")
    project.refused("up", "--env", "prod", code=4)


def test_no_file_of_the_users_own_is_taken_for_a_lock(project: Project) -> None:
    """Outside the tool's folder what only has a lock's name stays: a `down --manifest` may be mistyped."""
    project.write("poetry.lock", "[[package]]\n")
    project.succeed("down", "--manifest", "poetry")
    assert "[[package]]\n" == (project.root / "poetry.lock").read_text()
    with another_process(project.root / "mine.json") as process:
        process.kill()
    project.succeed("down", "--manifest", "mine.json")
    assert not (project.root / "mine.json.lock").exists()


def test_asks(project: Project, account: Account) -> None:
    """Without a terminal and without --yes `down` is refused with 2, shows its plan, and changes nothing."""
    project.succeed("up")
    before = project.files(), account.listing()
    told = project.run("down")
    assert (2, "") == (told.code, told.out)
    assert "- bucket.ingest.uploads" in told.err
    assert "--yes" in told.err
    assert "--yes" in project.refused("down", code=2)["hint"]
    assert before == (project.files(), account.listing())


def test_bucket_with_objects(project: Project, account: Account) -> None:
    """A bucket that holds anything stops `down` with 5 and says how much of what; --empty-buckets deletes all of it."""
    project.edit("config/task.toml", '"Read"', '"Read"\nversioning = true')
    project.succeed("up")
    fill(account)
    before = project.files(), account.listing()

    refusal = project.refused("down", "--yes", code=5)
    assert BUCKET in refusal["detail"]
    assert "3 object versions, 1 delete marker and 1 unfinished upload" in refusal["detail"]
    assert "--empty-buckets" in refusal["hint"]
    assert before == (project.files(), account.listing())

    project.succeed("down", *FULL)
    assert account.listing() == {}
    assert not project.manifest.parent.exists()


def test_keep_buckets(project: Project, account: Account) -> None:
    """--keep-buckets leaves the bucket with its objects and forgets it; nothing of it reacts any more."""
    project.succeed("up")
    account.s3.put_object(Bucket=BUCKET, Key="a.csv", Body=b"x")
    kept = project.succeed("down", "--yes", "--keep-buckets")
    assert "left    bucket.ingest.uploads" in kept.out
    assert [f"bucket {BUCKET}"] == list(account.listing())
    assert account.s3.get_object(Bucket=BUCKET, Key="a.csv")["Body"].read() == b"x"
    assert "LambdaFunctionConfigurations" not in account.s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert not project.manifest.exists()


@pytest.mark.parametrize("command", ["up", "plan", "down"])
def test_emptied_and_kept(project: Project, account: Account, command: str) -> None:
    """Buckets to be emptied and kept are exit 2 that says what each would do, before AWS is asked for anything."""
    project.succeed("up")
    before = project.files(), account.listing()
    flags = "--empty-buckets", "--keep-buckets"
    away = "http://127.0.0.1:1"
    refusal = project.refused(
        command, *flags, *(() if command == "plan" else ("--yes",)), code=2, AWS_ENDPOINT_URL=away
    )
    assert all(flag in refusal["summary"] for flag in flags)
    assert "for good" in refusal["detail"]
    assert "forgets" in refusal["detail"]
    assert before == (project.files(), account.listing())


def test_up_after_keep_buckets(project: Project, account: Account) -> None:
    """A bucket that was kept is told as this stack's own, and can be used again as the advice says."""
    project.succeed("up")
    account.s3.put_object(Bucket=BUCKET, Key="kept", Body=b"")
    project.succeed("down", "--yes", "--keep-buckets")
    refusal = project.refused("up", code=5)
    assert "kept by an earlier `down --keep-buckets`" in refusal["detail"]
    assert "`existing = true`" in refusal["hint"]
    project.configure(CONFIG + f'name = "{BUCKET}"\nexisting = true\n')
    project.succeed("up")
    project.succeed("down", "--yes")
    assert [f"bucket {BUCKET}"] == list(account.listing())


def test_up_after_keep_logs(project: Project, account: Account) -> None:
    """A log group that was kept bears this stack's own tags, and is taken over by the next `up`."""
    project.succeed("up")
    project.succeed("down", "--yes", "--keep-logs")
    project.succeed("up")
    project.succeed("down", "--yes")
    assert account.listing() == {}


def test_keep_logs(project: Project, account: Account) -> None:
    """--keep-logs leaves the log group and forgets it."""
    project.succeed("up")
    project.succeed("down", "--yes", "--keep-logs")
    assert ["log group /aws/lambda/media-dev-ingest"] == list(account.listing())
    assert not project.manifest.exists()


def test_without_the_config(project: Project, account: Account) -> None:
    """With the config folder gone `status` and `down` work from the manifest alone, from the working directory."""
    project.succeed("up")
    shutil.rmtree(project.root / "config")
    status = project.succeed("status", "--json").document
    assert ("media", "ok") == (status["stack"], status["state"])
    project.succeed("down", "--yes")
    assert account.listing() == {}
    assert project.run("status").code == 2


def test_with_a_broken_config(project: Project, account: Account) -> None:
    """A config that cannot be read does not keep `down` from its work."""
    project.succeed("up")
    project.configure("[stack")
    project.succeed("down", "--yes")
    assert account.listing() == {}


def test_bucket_of_others_is_left(project: Project, account: Account) -> None:
    """`down --empty-buckets` never empties or deletes an `existing` bucket."""
    account.s3.put_object(Bucket=account.bucket("theirs"), Key="a.csv", Body=b"x")
    before = account.listing()
    project.configure(CONFIG + 'name = "theirs"\nexisting = true\n')
    project.succeed("up")
    project.succeed("down", *FULL)
    assert before == account.listing()


def test_gone_already(project: Project, account: Account) -> None:
    """What somebody deleted by hand is no obstacle: `down` ends well."""
    project.succeed("up")
    account.s3.delete_bucket(Bucket=BUCKET)
    account.lambda_.delete_function(FunctionName="media-dev-ingest")
    account.sqs.delete_queue(QueueUrl="media-dev-orders.fifo")
    project.grow_old()
    project.succeed("down", "--yes")
    assert account.listing() == {}
    assert not project.manifest.exists()


def test_gone_already_is_no_deed_of_ours(project: Project, account: Account) -> None:
    """What was gone before is told as gone, in words and in the document, and is not among what was done."""
    project.succeed("up")
    account.s3.delete_bucket(Bucket=BUCKET)
    account.lambda_.delete_function(FunctionName="media-dev-ingest")
    project.grow_old()
    document = project.succeed("down", "--yes", "--json").document
    reasons = {change["address"]: change["reason"] for change in document["changes"]}
    gone = {address for address, reason in reasons.items() if reason == "gone already"}
    assert {"bucket.ingest.uploads", "cors.ingest.uploads", "function.ingest", "permission.ingest.uploads"} <= gone
    assert len(reasons) - len(gone) == document["outcome"]["done"]

    project.succeed("up")
    account.s3.delete_bucket(Bucket=BUCKET)
    project.grow_old()
    ran = project.run("down", "--yes")
    assert "bucket.ingest.uploads gone already" in ran.err
    assert "5 resources were gone already" in ran.out


def test_kept_buckets_are_named(project: Project) -> None:
    """The buckets that --keep-buckets leaves are named at the end: no record says their names any more."""
    project.succeed("up")
    ran = project.succeed("down", "--yes", "--keep-buckets")
    assert f"left    bucket.ingest.uploads  (left as it is: {BUCKET})" in ran.out


def test_a_stack_that_was_renamed(project: Project, account: Account) -> None:
    """`down` under the new name names the manifest of the old one, and how to take that down; that works."""
    project.succeed("up")
    project.configure(CONFIG.replace('"media"', '"other"'))
    before = account.listing()
    ran = project.succeed("down", "--yes")
    assert "nothing to do" in ran.out
    command = "down --manifest .task-deploy/media.dev.json"
    assert f"`task-deploy {command}`" in ran.err
    (warning,) = project.succeed("down", "--yes", "--json").document["warnings"]
    assert ("other-manifest", ".task-deploy/media.dev.json") == (warning["code"], warning["address"])
    assert before == account.listing()
    assert [] == project.succeed(*command.split(), "--yes", "--json").document["warnings"]
    assert account.listing() == {}


def test_a_manifest_of_another_environment_is_not_taken_down(project: Project, account: Account) -> None:
    """Where --env and the manifest disagree, however each was named, `down` is refused before AWS is asked."""
    project.succeed("up")
    project.succeed("up", "--env", "prod")
    before, prod = account.listing(), ".task-deploy/media.prod.json"
    for words, variables in (
        (("--env", "dev"), {"TASK_DEPLOY_MANIFEST": prod}),
        (("--env", "dev", "--manifest", prod), {}),
        (("--manifest", prod), {"TASK_DEPLOY_ENV": "dev"}),
    ):
        refusal = project.refused("down", *words, "--yes", code=4, **variables)
        assert "is of the stack 'media' in 'prod', not 'media' in 'dev'" in refusal["summary"]
        assert "TASK_DEPLOY_MANIFEST" in refusal["hint"]
    assert before == account.listing()
    project.succeed("down", "--manifest", prod, "--yes")
    project.succeed("down", "--yes")
    assert account.listing() == {}


def test_a_manifest_of_another_stack_is_not_taken_down_by_a_variable(project: Project, account: Account) -> None:
    """A variable that names another project's manifest takes nothing down where the config is of another stack."""
    project.succeed("up")
    before = account.listing()
    project.configure(CONFIG.replace('"media"', '"other"'))
    refusal = project.refused("down", "--yes", code=4, TASK_DEPLOY_MANIFEST=".task-deploy/media.dev.json")
    assert "not 'other' in 'dev'" in refusal["summary"]
    assert before == account.listing()


def test_the_question_says_what_is_lost(project: Project, account: Account) -> None:
    """With --empty-buckets the question names each bucket and what is in it."""
    project.succeed("up")
    account.s3.put_object(Bucket=BUCKET, Key="a.csv", Body=b"x")
    told = project.run("down", "--empty-buckets")
    assert (2, "") == (told.code, told.out)
    assert "for good what is in bucket.ingest.uploads (1 object version)" in told.err


def test_an_unfinished_upload_alone(project: Project, account: Account) -> None:
    """An upload that somebody has begun is no empty bucket: refused with 5, unless --empty-buckets."""
    project.succeed("up")
    account.s3.create_multipart_upload(Bucket=BUCKET, Key="c.csv")
    assert "1 unfinished upload" in project.refused("down", "--yes", code=5)["detail"]
    project.succeed("down", *FULL)
    assert account.listing() == {}


def test_writers_go_first(project: Project, account: Account, endpoint_url: str) -> None:
    """A bucket is emptied when its notifications are off and its function is gone."""
    project.succeed("up")
    account.s3.put_object(Bucket=BUCKET, Key="a.csv", Body=b"x")
    with slowed(endpoint_url, 0.05) as proxy:
        project.succeed("down", *FULL, AWS_ENDPOINT_URL=proxy.endpoint_url)
        calls = proxy.log.calls
    ends = {call.what: call.end for call in calls}
    looks = [call.start for call in calls if call.what.startswith(f"GET /{BUCKET}?versions")]
    assert 3 == len(looks), "counted before, emptied, looked at again"
    function = ends["DELETE /2015-03-31/functions/media-dev-ingest"]
    notifications = ends[f"PUT /{BUCKET}?notification"]
    assert notifications is not None
    assert function is not None
    assert notifications < function < looks[1]


def test_a_locked_object_is_told(project: Project, account: Account) -> None:
    """An object under a legal hold fails its bucket with 1, key and reason; once it is lifted the next `down` ends."""
    project.succeed("up")
    account.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    account.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    account.s3.put_object(Bucket=BUCKET, Key="a.csv", Body=b"x")
    account.s3.put_object_legal_hold(Bucket=BUCKET, Key="a.csv", LegalHold={"Status": "ON"})
    ran = project.run("down", *FULL, "--json")
    (failed,) = ran.document["outcome"]["failed"]
    assert (1, "bucket.ingest.uploads") == (ran.code, failed["address"])
    assert "'a.csv'" in failed["message"]
    assert "legal hold" in failed["message"]
    account.s3.put_object_legal_hold(Bucket=BUCKET, Key="a.csv", LegalHold={"Status": "OFF"})
    project.succeed("down", *FULL)
    assert account.listing() == {}
