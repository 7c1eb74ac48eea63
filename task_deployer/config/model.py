"""The shape of the configuration: every key with its default, its limits and its explanation.

The one source of validation and of `config.schema.json`. Each description is shown in editors, and as the advice where
a value is wrong, so it says what would be right. Rules that span keys are validators of the later key, so that the
mistake stands at that key and is found beside all others. The order of keys is therefore part of the rules.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from task_deployer.config import rules
from task_deployer.config.bucket import BucketConfig
from task_deployer.config.source import check_callback, check_callback_form, check_requirements, check_source
from task_deployer.config.table import (
    A_NAME,
    LARGEST,
    REGION,
    Name,
    Several,
    Table,
    nearest,
    not_empty,
    quoted,
    surroundings,
    wrong,
)

Runtime = Literal["python3.11", "python3.12", "python3.13", "python3.14"]
NAME_LIMIT = 30  # characters of `{stack}-{env}`, the hyphen included: what is left must do for tasks and buckets


class StackConfig(Table):
    """What all resources have in common."""

    name: Name = Field(
        description=f"The first part of every name at AWS: {A_NAME}; with a hyphen and the environment's name "
        f"at most {NAME_LIMIT} characters."
    )
    environments: Several[Annotated[str, Field(pattern=r"^[a-z0-9*?!\[\]-]+$")]] = Field(
        (), description='The environments that --env may name, as names or patterns such as "pr-*".'
    )
    region: str | None = Field(None, pattern=REGION, description='A region of AWS, such as "eu-central-1".')
    account: str | None = Field(
        None, pattern="^[0-9]{12}$", description="The one account to deploy to: 12 digits, in quotes."
    )
    tags: Annotated[
        Mapping[
            Annotated[str, AfterValidator(rules.tag_key)],
            Annotated[str, AfterValidator(rules.tag_value)],
        ],
        AfterValidator(rules.tags),
    ] = Field({}, description='Tags on everything that can carry tags, as key = "text".')

    @field_validator("name")
    @classmethod
    def _fits_with_env(cls, name: str, info: ValidationInfo) -> str:
        around = surroundings(info)
        if around and (length := len(f"{name}-{around.env}")) > NAME_LIMIT:
            both = quoted(f"{name}-{around.env}")
            advice = f"The two names and the hyphen have at most {NAME_LIMIT} together."
            raise wrong(f"{both} has {length} characters, {length - NAME_LIMIT} too many", advice)
        return name

    @field_validator("environments")
    @classmethod
    def _names_env(cls, environments: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        around = surroundings(info)
        if around and not any(fnmatchcase(around.env, pattern) for pattern in environments):
            raise wrong(f"does not name the environment {quoted(around.env)}", nearest(around.env, environments))
        return environments


class TopicConfig(Table):
    """A queue that tasks may publish commands to."""

    queue: Annotated[str, AfterValidator(rules.queue)] | None = Field(
        None, description="The ARN, URL or name of a queue that exists. Without it the tool makes a queue and owns it."
    )
    fifo: bool = Field(
        default_factory=lambda given: (given.get("queue") or ".fifo").endswith(".fifo"),
        description="Whether the queue is FIFO: true, or what the name of the given queue says.",
    )

    @field_validator("queue")
    @classmethod
    def _lies_in_region(cls, queue: str | None, info: ValidationInfo) -> str | None:
        around = surroundings(info)
        region = rules.queue_region(queue) if queue else None
        if around and region and around.region and region != around.region:
            advice = "A function publishes to queues of its own region."
            raise wrong(f"lies in {region}, but stack.region is {quoted(around.region)}", advice)
        return queue

    @field_validator("fifo")
    @classmethod
    def _agrees_with_queue(cls, fifo: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        queue: str | None = info.data.get("queue")
        if queue and fifo != queue.endswith(".fifo"):
            ends = "ends" if queue.endswith(".fifo") else "does not end"
            advice = "Leave the key out: a given queue's name says it."
            raise wrong(f"is {quoted(fifo)}, but the name of the queue {ends} in .fifo", advice)
        return fifo


def _known_topic(topic: str, info: ValidationInfo) -> str:
    around = surroundings(info)
    if around and around.topics is not None and topic not in around.topics:
        advice = nearest(topic, around.topics) or f"Add a table [command_topics.{topic}]."
        raise wrong(f"there is no command topic {quoted(topic)}", advice)
    return topic


class TaskConfig(Table):
    """One Lambda function, with its role and what runs it."""

    runtime: Runtime = Field("python3.13", description="The Python that runs the task.")
    source: str = Field(
        description="The folder of the task's code, relative to the folder that holds the config folder."
    )
    callback: str = Field(description='The function to call, as "module:function", in the source folder.')
    architecture: Literal["arm64", "x86_64"] = Field("arm64", description="The processor: arm64 or x86_64.")
    memory_mb: int = Field(512, ge=128, le=10240, description="Memory in MB, from 128 to 10240; CPU grows with it.")
    timeout_seconds: int = Field(
        60, ge=1, le=900, description="The longest that a call may take, from 1 to 900 seconds."
    )
    ephemeral_storage_mb: int = Field(512, ge=512, le=10240, description="Room in /tmp in MB, from 512 to 10240.")
    environment: Annotated[
        Mapping[Annotated[str, AfterValidator(rules.variable_name)], str], AfterValidator(rules.variables)
    ] = Field({}, description='Environment variables, as NAME = "text", even where the text is a number.')
    command_topics: Several[Annotated[str, AfterValidator(_known_topic)]] = Field(
        (), description="The command topics that the task may publish to."
    )
    requirements: str | None = Field(
        None, description="A requirements file inside source. Without the key requirements.txt is used if it is there."
    )
    log_retention_days: Annotated[
        int, AfterValidator(rules.retention), Field(json_schema_extra={"enum": [*rules.RETENTIONS]})
    ] = Field(30, description="For how many days logs are kept.")
    reserved_concurrency: int | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="Calls at the same time that are kept for this task, and its limit; 0 stops it.",
    )
    retry_attempts: int = Field(2, ge=0, le=2, description="How often a failed event is tried again, from 0 to 2.")
    max_event_age_seconds: int = Field(
        21600, ge=60, le=21600, description="How old an event may grow before it is given up, from 60 to 21600 seconds."
    )
    failure_queue: bool = Field(default=True, description="Keep events that failed for good in a queue of their own.")
    role_path: str = Field(
        "/", pattern="^/([!-~]+/)?$", max_length=512, description='The path of the role in IAM; "/" first and last.'
    )
    permissions_boundary: str | None = Field(
        None,
        pattern="^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$",
        description='The ARN of a policy, such as "arn:aws:iam::123456789012:policy/boundary".',
    )
    buckets: Mapping[Name, BucketConfig] = Field(
        {}, description=f"One table [tasks.<task>.buckets.<name>] a bucket; names: {A_NAME}."
    )

    @field_validator("source")
    @classmethod
    def _source_is_there(cls, source: str, info: ValidationInfo) -> str:
        around = surroundings(info)
        if around:
            check_source(around.root, source)
        return source

    @field_validator("callback")
    @classmethod
    def _callback_is_there(cls, callback: str, info: ValidationInfo) -> str:
        around = surroundings(info)
        check_callback_form(callback)
        if around and "source" in info.data:
            runtime = info.data.get("runtime", "")
            check_callback(around.root / info.data["source"], callback, runtime)
        return callback

    @field_validator("requirements")
    @classmethod
    def _requirements_are_there(cls, requirements: str, info: ValidationInfo) -> str:
        around = surroundings(info)
        if around and "source" in info.data:
            check_requirements(around.root / info.data["source"], requirements)
        return requirements


class ConfigFile(Table):
    """The configuration of task-deploy: config/task.toml with the environment's overlay laid over it."""

    stack: StackConfig = Field(description='The table [stack], with name = "...".')
    command_topics: Mapping[Name, TopicConfig] = Field(
        {}, description=f"One table [command_topics.<name>] a queue; names: {A_NAME}."
    )
    tasks: Annotated[
        Mapping[Name, TaskConfig], AfterValidator(not_empty), Field(json_schema_extra={"minProperties": 1})
    ] = Field(description=f"One table [tasks.<name>] a Lambda function; names: {A_NAME}.")
