"""The clients, the account they speak for, and what AWS's refusals mean to a user.

The only module that makes a session. Clients are made once, on the calling thread (clients are thread-safe, sessions
are not), with the retry mode spelled out: botocore's default has changed between releases.
"""

import os
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import InvalidRegionError, ProfileNotFound

from task_deployer import __version__
from task_deployer.caller import Caller, OneAccount
from task_deployer.care import Care
from task_deployer.errors import ConfigError, CredentialsError, UsageError
from task_deployer.later import Later
from task_deployer.pages import refuse_page
from task_deployer.retry import Patience
from task_deployer.throttle import Pace
from task_deployer.uploads import send_in_pieces

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}
_READS = ("Get", "List", "Head", "Describe", "Simulate")


@dataclass(frozen=True)
class Account:
    """Where things are made. Every ARN and URL is computed from it; nothing has to exist for that."""

    id: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a thing of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """The ARN of a thing of IAM, which knows no region."""
        return f"arn:{self.partition}:iam::{self.id}:{resource}"

    def bucket_arn(self, bucket: str) -> str:
        """The ARN of a bucket, which names neither account nor region."""
        return f"arn:{self.partition}:s3:::{bucket}"

    def queue_url(self, name: str) -> str:
        """The URL of a queue of this account and region."""
        return f"https://sqs.{self.region}.{_DNS_SUFFIXES.get(self.partition, 'amazonaws.com')}/{self.id}/{name}"


class Calls:
    """Counts the API calls by operation. Retries of one call count once. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: Counter[str] = Counter()

    def __call__(self, event_name: str, **_: object) -> None:
        """Listen to botocore's `before-call.service.Operation`."""
        with self._lock:
            self._operations[event_name.rpartition(".")[2]] += 1

    @property
    def total(self) -> int:
        """All calls so far."""
        with self._lock:
            return self._operations.total()

    @property
    def mutating(self) -> int:
        """The calls so far that may change something at AWS."""
        with self._lock:
            return sum(n for name, n in self._operations.items() if not name.startswith(_READS))


@dataclass(frozen=True)
class Aws:
    """The clients of one account and region, and with what patience and care verbs use them."""

    account: Account
    s3: "S3Client"
    iam: "IAMClient"
    lambda_: "LambdaClient"
    sqs: "SQSClient"
    logs: "CloudWatchLogsClient"
    rare: Later
    """The clients that few runs need, by service. By the time anybody asks, all others are made: a session is not
    safe between threads."""
    caller: Caller = field(default_factory=Caller)
    calls: Calls = field(default_factory=Calls)
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Pace)
    care: Care = field(default_factory=Care)

    @property
    def events(self) -> "EventBridgeClient":
        """EventBridge's client."""
        return self.rare("events")  # type: ignore[return-value]  # its client

    def waiting_with(self, patience: Patience) -> "Aws":
        """The same clients, waiting with another patience."""
        return replace(self, patience=patience)

    def caring_with(self, care: Care) -> "Aws":
        """The same clients, with another care for documents of others."""
        return replace(self, care=care)


@dataclass(frozen=True)
class Access:
    """How to reach AWS: the options that the user may give. `credentials` is an access key id and its secret."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    credentials: tuple[str, str] | None = None
    workers: int = 16


def resolve_region(
    access: Access,
    configured: str | None,
    *,
    fallback: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """Take the region from the option, the config, AWS_REGION, AWS_DEFAULT_REGION, the profile or the fallback.

    Raises `ConfigError` when none is. Calls nothing at AWS.
    """
    named = access.region or configured or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    region = named or _session(access, None).region_name or fallback
    if region is None:
        raise ConfigError(
            "No region is set",
            detail="Neither --region, stack.region, AWS_REGION, AWS_DEFAULT_REGION nor the profile names one.",
            hint='Set region = "eu-central-1", or another, under [stack] in config/task.toml.',
        )
    return str(region)


def partition_of(region: str) -> str:
    """The partition that a region belongs to, from botocore's own table. Calls nothing at AWS."""
    partition = _session(Access(), region).get_partition_for_region(region)
    return str(partition)


def connect(access: Access, region: str) -> Aws:
    """Make the clients and ask STS who we are.

    STS is asked on a thread of its own while the other clients are made: their making takes about 0.2 s.
    Raises `CredentialsError` for missing, unknown or expired credentials. Every call raises `AccountChangedError` once
    they are another account's.
    """
    session = _session(access, region)
    if session.get_credentials() is None:
        raise CredentialsError(
            "There are no AWS credentials",
            detail="Neither environment variables, nor a profile, nor an instance role gave any.",
            hint="Run `aws configure` or `aws sso login`, or set AWS_PROFILE. Without an account: add --local.",
        )
    config = _client_config(access)
    calls, one_account = Calls(), OneAccount()

    def client(service: str) -> object:
        try:
            made = session.client(service, config=config, endpoint_url=access.endpoint_url)  # type: ignore[call-overload]  # a plain string
        except (ValueError, InvalidRegionError) as error:
            raise UsageError(
                "AWS cannot be addressed so",
                detail=f"{error}.",
                hint="Correct --endpoint-url or AWS_ENDPOINT_URL, or --region; an endpoint begins with https://.",
            ) from error
        made.meta.events.register("before-call", calls)
        made.meta.events.register("before-send", one_account)
        made.meta.events.register("before-parse", refuse_page)
        made.meta.events.register("before-send", send_in_pieces)
        return made

    sts = client("sts")
    with ThreadPoolExecutor(1) as pool:
        identity = pool.submit(one_account.identify, sts)
        clients = {name: client(service) for name, service in _SERVICES.items()}
        caller = identity.result()
    account = Account(caller.account, region, caller.partition)
    return Aws(account, rare=Later(client), caller=caller, calls=calls, **clients)  # type: ignore[arg-type]  # one client a field


_SERVICES = {"s3": "s3", "iam": "iam", "lambda_": "lambda", "sqs": "sqs", "logs": "logs"}


def _session(access: Access, region: str | None) -> "boto3.Session":
    import boto3  # noqa: PLC0415 - loaded by the commands that speak to AWS alone; it costs 0.15 s

    try:
        if access.credentials is not None:
            return _session_without_profile(access.credentials, region)
        return boto3.Session(profile_name=access.profile, region_name=region)
    except ProfileNotFound as error:
        raise CredentialsError(
            f"There is no AWS profile named {access.profile or os.environ.get('AWS_PROFILE', '')!r}",
            detail=str(error),
            hint="`aws configure list-profiles` shows the profiles that exist.",
        ) from error


def _session_without_profile(credentials: tuple[str, str], region: str | None) -> "boto3.Session":
    """A session that takes nothing from the user's AWS settings: AWS_PROFILE need not even exist."""
    import boto3  # noqa: PLC0415 - see _session
    from botocore.session import Session  # noqa: PLC0415 - see _session

    key, secret = credentials
    plain = Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session(
        botocore_session=plain, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
    )


def _client_config(access: Access) -> "Config":
    from botocore.config import Config  # noqa: PLC0415 - see _session

    elsewhere = access.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3")
    return Config(
        retries={"mode": "standard", "total_max_attempts": 4},  # what outlasts that is throttle.py's
        max_pool_connections=max(10, access.workers),
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra=f"task-deploy/{__version__}",
        # At an endpoint of the user's own the bucket goes into the path: bucket.localhost need not resolve.
        s3={"addressing_style": "path"} if elsewhere else {},
    )
