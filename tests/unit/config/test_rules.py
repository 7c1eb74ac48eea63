from pathlib import Path

import pytest

from tests.unit.config.project import Project, valid

GOLDEN = Path(__file__).parent / "golden"


def cases(table: str) -> list[tuple[str, str]]:
    """Read the cases of a table: keys to add to it and, indented, what the user is told."""
    blocks = (GOLDEN / f"{table}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return [(keys, told) for keys, _, told in (block.partition("\n    ") for block in blocks)]


def one_mistake(project: Project, base: str, told: str) -> None:
    """Hold that a configuration has one mistake, and how it is told: the key and the problem, and below the advice."""
    assert project.told(base) == [told]


@pytest.mark.parametrize(("keys", "told"), cases("stack"))
def test_stack(project: Project, keys: str, told: str) -> None:
    """A wrong value of a key of the stack is told with what would be right."""
    one_mistake(project, valid(stack=keys), f"stack.{told}")


@pytest.mark.parametrize(("keys", "told"), cases("topic"))
def test_topic(project: Project, keys: str, told: str) -> None:
    """A wrong value of a topic's key is told with what would be right."""
    one_mistake(project, valid(topic=keys), f"command_topics.orders.{told}")


@pytest.mark.parametrize(("keys", "told"), cases("task"))
def test_task(project: Project, keys: str, told: str) -> None:
    """A wrong value of a task's key is told with what would be right."""
    one_mistake(project, valid(task=keys), f"tasks.ingest.{told}")


@pytest.mark.parametrize(("keys", "told"), cases("bucket"))
def test_bucket(project: Project, keys: str, told: str) -> None:
    """A wrong value of a bucket's key is told with what would be right."""
    one_mistake(project, valid(bucket=keys), f"tasks.ingest.buckets.uploads.{told}")


@pytest.mark.parametrize(("length", "excess"), [(4084, 0), (4085, 1), (5000, 916)])
def test_size_of_the_environment(project: Project, length: int, excess: int) -> None:
    """The environment may take 4096 bytes as compact JSON, and no value is shown where it takes more."""
    base = valid(task=f'environment = {{ NAMED = "{"s" * length}" }}')
    if not excess:
        project.write(base)
        assert len(project.load().tasks["ingest"].environment["NAMED"]) == length
        return
    problem = f"takes {4096 + excess} bytes, {excess} more than Lambda's 4096"
    advice = "Keep large values in S3 or in Parameter Store, and their names here."
    one_mistake(project, base, f"tasks.ingest.environment: {problem}\n    {advice}")


@pytest.mark.parametrize("name", ["AWS_MAX_ATTEMPTS", "AWS_LAMBDA_EXEC_WRAPPER", "TZ"])
def test_variables_that_lambda_leaves_to_us(project: Project, name: str) -> None:
    """Only what Lambda reserves is refused, and not all that begins with AWS_."""
    project.write(valid(task=f'environment = {{ {name} = "x" }}'))
    assert project.load().tasks["ingest"].environment == {name: "x"}


@pytest.mark.parametrize(
    "queue",
    ["arn:aws:sqs:us-east-1:123456789012:billing", "https://sqs.us-east-1.amazonaws.com/123456789012/billing"],
)
def test_queue_of_another_region(project: Project, queue: str) -> None:
    """A queue that names another region than the stack's is refused."""
    told = project.told(valid(stack='region = "eu-central-1"', topic=f'queue = "{queue}"'))
    problem = 'lies in us-east-1, but stack.region is "eu-central-1"'
    assert told == [f"command_topics.orders.queue: {problem}\n    A function publishes to queues of its own region."]


@pytest.mark.parametrize(("name", "fits"), [("m" * 26, True), ("m" * 27, False)])
def test_length_of_the_stack_name(project: Project, name: str, fits: bool) -> None:  # noqa: FBT001 - a row's field
    """The stack's name, a hyphen and the environment's name have at most 30 characters together."""
    base = valid().replace('"media"', f'"{name}"')
    if fits:
        project.write(base)
        assert project.load().stack.name == name
        return
    advice = "The two names and the hyphen have at most 30 together."
    one_mistake(project, base, f'stack.name: "{name}-dev" has 31 characters, 1 too many\n    {advice}')


@pytest.mark.parametrize(
    ("table", "key", "description"),
    [
        ("[tasks.Ingest]", "tasks.Ingest", "One table [tasks.<name>] a Lambda function"),
        ('[command_topics."new orders"]', 'command_topics."new orders"', "One table [command_topics.<name>] a queue"),
        ("[tasks.ingest.buckets.1st]", "tasks.ingest.buckets.1st", "One table [tasks.<task>.buckets.<name>] a bucket"),
    ],
)
def test_names(project: Project, table: str, key: str, description: str) -> None:
    """Tasks, topics and buckets bear small letters, digits and hyphens, a letter first."""
    told = project.told(f"{valid()}{table}\n")
    problem = f"{key.rsplit('.', maxsplit=1)[-1]}".strip('"')
    advice = f"{description}; names: small letters, digits and hyphens, a letter first."
    assert f'{key}: "{problem}" does not have the right form\n    {advice}' in told


TASKS = "One table [tasks.<name>] a Lambda function; names: small letters, digits and hyphens, a letter first."
REQUIRED = f"""\
config/task.toml:1: stack: is missing
    The table [stack], with name = "...".
config/task.toml:1: tasks: is missing
    {TASKS}"""
REQUIRED_OF_A_TASK = """\
config/task.toml:4: tasks.ingest.callback: is missing
    The function to call, as "module:function", in the source folder.
config/task.toml:4: tasks.ingest.source: is missing
    The folder of the task's code, relative to the folder that holds the config folder.
config/task.toml:6: tasks.ingest.buckets.uploads.mode: is missing
    What the task may do with the objects: Read, Write or ReadWrite."""


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", REQUIRED),
        ('[stack]\nname = "media"\n[tasks]', f"config/task.toml:3: tasks: is empty\n    {TASKS}"),
        ('[stack]\nname = "media"\n\n[tasks.ingest]\n\n[tasks.ingest.buckets.uploads]', REQUIRED_OF_A_TASK),
    ],
)
def test_what_is_required(project: Project, base: str, expected: str) -> None:
    """A stack's name, one task, its source and callback, and a bucket's mode are required, each by its table."""
    project.write(base)
    assert "\n".join(map(str, project.mistakes())) == expected
