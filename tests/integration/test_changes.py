"""What the config no longer names goes, what it adds comes, and the rest is let be."""

from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, SECOND_TASK, Project

BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"
IMAGES = f"media-dev-resize-images-123456789012-{REGION}"
SECOND_BUCKET = '\n[tasks.ingest.buckets.archive]\nmode = "Write"\nevents = []\n'


def test_dropped_task(project: Project, account: Account) -> None:
    """A task that leaves the config is deleted by the next `up`, all of it and nothing else; its bucket needs a yes."""
    project.succeed("up")
    one_task = account.listing()
    project.configure(CONFIG + SECOND_TASK)
    project.succeed("up")

    project.configure(CONFIG)
    assert "bucket.resize.images" in project.refused("up", code=2)["detail"]
    ran = project.succeed("up", "--json", "--yes")
    dropped = {address for address, action in ran.actions.items() if action == "delete"}
    assert dropped == set(ran.differing)
    assert {"function.resize", "role.resize", "bucket.resize.images", f"notifications.{IMAGES}"} < dropped
    assert all("resize" in address for address in dropped)
    assert one_task == account.listing()


def test_dropped_bucket(project: Project, account: Account) -> None:
    """A bucket that leaves the config takes its part of the policy along; one with objects in it stops `up` with 5."""
    project.succeed("up")
    project.configure(CONFIG + SECOND_BUCKET)
    project.succeed("up")
    assert "allowLambdaWriteS3" in account.statements("ingest")
    archive = f"media-dev-ingest-archive-123456789012-{REGION}"
    account.s3.put_object(Bucket=archive, Key="a", Body=b"x")

    project.configure(CONFIG)
    before = account.listing()
    for command in ("up", "plan"):
        assert archive in project.refused(command, "--yes", code=5)["detail"]
    assert before == account.listing()

    project.succeed("up", "--yes", "--empty-buckets")
    assert f"bucket {archive}" not in account.listing()
    assert "allowLambdaWriteS3" not in account.statements("ingest")
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0


def test_dropped_bucket_is_kept(project: Project, account: Account) -> None:
    """`up --keep-buckets` leaves the dropped bucket with what is in it, and no question is due."""
    project.configure(CONFIG + SECOND_TASK)
    project.succeed("up")
    account.s3.put_object(Bucket=IMAGES, Key="a", Body=b"x")
    project.configure(CONFIG)
    project.succeed("up", "--keep-buckets")
    assert "function media-dev-resize" not in account.listing()
    assert account.s3.get_object(Bucket=IMAGES, Key="a")["Body"].read() == b"x"
    assert "resize" not in project.manifest.read_text(encoding="utf-8")


def test_only(project: Project, account: Account) -> None:
    """--only makes and changes that task and the topics it names, and leaves a changed neighbour as it is."""
    project.configure(CONFIG + SECOND_TASK)
    plan = project.succeed("plan", "--only", "resize", "--json")
    assert plan.actions
    assert all("resize" in address for address in plan.actions)
    project.succeed("up", "--only", "ingest")
    made = account.listing()
    assert "queue media-dev-orders.fifo" in made
    assert not [name for name in made if "resize" in name]

    project.edit("config/task.toml", '"Read"\n\n[tasks.resize]', '"ReadWrite"\n\n[tasks.resize]')
    project.succeed("up", "--only", "resize")
    assert made.items() <= account.listing().items()
    assert set(project.succeed("plan", "--json").differing) == {"role_policy.ingest"}


def test_strict(project: Project, account: Account) -> None:
    """A task that may set itself off is a warning by name; --strict makes it a refusal; a prefix settles it."""
    project.edit("config/task.toml", '"Read"', '"ReadWrite"')
    for command in ("plan", "up"):
        refusal = project.refused(command, "--strict", code=5)
        assert "bucket.ingest.uploads" in refusal["detail"]
        assert "allow_recursion" in refusal["detail"]
    assert account.listing() == {}

    plan = project.succeed("plan", "--json").document
    assert [("recursion", "bucket.ingest.uploads")] == [(one["code"], one["address"]) for one in plan["warnings"]]
    told = project.succeed("plan")
    assert "Warning: bucket.ingest.uploads" in told.err
    assert "Warning" not in told.out

    for settled in ('prefix = "in/"\n', "allow_recursion = true\n"):
        project.configure(CONFIG.replace('"Read"', '"ReadWrite"') + settled)
        assert project.succeed("plan", "--strict", "--json").document["warnings"] == []


def test_exit_code(project: Project, account: Account) -> None:
    """--exit-code is 6 where `plan` has changes or `status` finds drift, 0 where all is well; without it 6 is never."""
    assert project.run("plan", "--exit-code").code == 6
    absent = project.run("status", "--exit-code", "--json")
    assert (6, "absent") == (absent.code, absent.document["state"])
    project.succeed("up")
    project.succeed("plan", "--exit-code")
    project.succeed("status", "--exit-code")
    account.iam.delete_role_policy(RoleName=f"media-dev-ingest-{REGION}", PolicyName="LambdaPolicy")
    missing = project.run("status", "--exit-code", "--json")
    assert (6, "missing", "missing") == (missing.code, missing.document["state"], missing.states["role_policy.ingest"])
    project.succeed("status")


def test_readers_write_nothing(project: Project, account: Account) -> None:
    """`plan`, `status` and `policy` write nothing on the disk and nothing at AWS, before an `up` and after it."""
    before = project.files(), account.listing()
    for command in ("plan", "status", "policy"):
        project.succeed(command)
    assert before == (project.files(), account.listing())

    project.succeed("up")
    before = project.files(), account.listing()
    for command in ("plan", "status"):
        project.succeed(command)
    assert before == (project.files(), account.listing())


def test_environments(project: Project, account: Account) -> None:
    """Two environments stand side by side; an overlay changes its own, and `down` of one spares the other."""
    project.configure("[tasks.ingest]\nmemory_mb = 1024\n", "prod")
    project.succeed("up")
    dev = account.listing()
    project.succeed("up", "--env", "prod")
    sizes = {
        one: account.lambda_.get_function_configuration(FunctionName=one)["MemorySize"] for one in functions(account)
    }
    assert sizes == {"media-dev-ingest": 512, "media-prod-ingest": 1024}
    assert dev.items() <= account.listing().items()
    project.succeed("down", "--env", "prod", "--yes")
    assert dev == account.listing()
    assert project.manifest.exists()


def functions(account: Account) -> list[str]:
    """The names of all functions."""
    return [function["FunctionName"] for function in account.lambda_.list_functions()["Functions"]]


def test_queue_of_others(project: Project, account: Account) -> None:
    """A referenced queue is granted and known to the function, and never tagged, changed or deleted."""
    account.sqs.create_queue(QueueName="billing.fifo", Attributes={"FifoQueue": "true"})
    before = account.listing()
    project.edit("config/task.toml", "[command_topics.orders]", '[command_topics.orders]\nqueue = "billing.fifo"')
    project.succeed("up")
    assert account.statements("ingest")["AllowLambdaSendSQS"]["Resource"] == [
        f"arn:aws:sqs:{REGION}:123456789012:billing.fifo"
    ]
    variables = account.lambda_.get_function_configuration(FunctionName="media-dev-ingest")["Environment"]["Variables"]
    assert "billing.fifo" in variables["TASK_DEPLOY_TOPICS"]
    assert before.items() <= account.listing().items()
    project.succeed("down", "--yes")
    assert before == account.listing()


def test_another_queue_of_others(project: Project, account: Account) -> None:
    """A topic can be pointed from one referenced queue to another, and to one of our own; no referenced one changes."""
    for name in ("first.fifo", "second.fifo"):
        account.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    before = account.listing()
    table = "[command_topics.orders]"
    for queue in ("first.fifo", "second.fifo"):
        project.configure(CONFIG.replace(table, f'{table}\nqueue = "{queue}"'))
        project.succeed("up")
        assert queue in str(account.statements("ingest")["AllowLambdaSendSQS"]["Resource"])
    project.configure(CONFIG)
    assert project.succeed("up", "--json").actions["queue.orders"] == "create"
    assert before.items() <= account.listing().items()
    project.succeed("down", "--yes")
    assert before == account.listing()
