"""The clients, the account they speak for, and what AWS's refusals mean to a user.

Clients are made once, on the calling thread: they are safe between threads, and the session that makes them is not.
"""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, InvalidRegionError

from task_deployer.caller import Caller, OneAccount, identify
from task_deployer.care import Care
from task_deployer.errors import CredentialsError, UsageError
from task_deployer.in_flight import InFlight, Lookout, working_for
from task_deployer.later import Later
from task_deployer.once import refuse_repetition
from task_deployer.pages import refuse_page
from task_deployer.retry import Patience
from task_deployer.session import Access, client_config, open_session, origin_of, settings_told
from task_deployer.throttle import Pace
from task_deployer.unknown_credentials import told_apart
from task_deployer.upload_turns import UploadTurns
from task_deployer.uploads import send_in_pieces

if TYPE_CHECKING:
    from botocore.client import BaseClient
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
    uploads: UploadTurns = field(default_factory=UploadTurns)
    care: Care = field(default_factory=Care)
    lookout: Lookout = field(default_factory=Lookout)

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


_WHO = "credentials"
"""The address under which it is told that it takes long to learn who we are."""


def connect(access: Access, region: str, lookout: Lookout | None = None) -> Aws:
    """Make the clients and ask STS who we are.

    STS is asked on a thread of its own while the other clients are made: their making takes about 0.2 s. `lookout`
    tells what goes unanswered for long, here and in all that is done with the clients.
    Raises `CredentialsError` for missing, unknown or expired credentials. Every call raises `AccountChangedError` once
    they are another account's.
    """
    lookout = lookout or Lookout()
    make, one_account = lookout.apart(_WHO, partial(_Clients, access, region, lookout.in_flight)), OneAccount()

    def client(service: str) -> "BaseClient":
        made = make.client(service)
        made.meta.events.register("before-send", one_account)
        make.pace.reach.listen(made.meta.events)
        return made

    sts = make.sts(region)
    sts.meta.events.register("before-send", one_account)
    with ThreadPoolExecutor(1) as pool:
        identity = pool.submit(working_for, _WHO, partial(one_account.identify, sts))
        clients = {name: client(service) for name, service in _SERVICES.items()}
        with settings_told(access):
            caller = _answer(identity, make, region, lookout)
    account = Account(caller.account, region, caller.partition)
    told = {"caller": caller, "calls": make.calls, "pace": make.pace, "uploads": make.uploads, "lookout": lookout}
    return Aws(account, rare=Later(client), **told, **clients)  # type: ignore[arg-type]  # one client a field


def _answer(identity: "Future[Caller]", make: "_Clients", region: str, lookout: Lookout) -> Caller:
    def ask_in(other: str) -> Caller:
        sts = make.sts(other)
        return lookout.apart(_WHO, lambda: identify(sts))

    try:
        return lookout.until(identity)
    except CredentialsError as error:
        raise told_apart(error, region, ask_in) from error.__cause__


_SERVICES = {"s3": "s3", "iam": "iam", "lambda_": "lambda", "sqs": "sqs", "logs": "logs"}


class _Clients:
    """Makes clients whose calls are counted, and that take no page for an answer."""

    def __init__(self, access: Access, region: str, in_flight: InFlight) -> None:
        with in_flight.noted("AWS credentials", may_ask=True):
            self._session = open_session(access, region)
        self._in_flight = in_flight
        self._access = access
        self.calls = Calls()
        self.pace = Pace()
        self.uploads = UploadTurns()

    def sts(self, region: str) -> "BaseClient":
        """Make one that asks who we are, and waits for nothing longer than 5 seconds: AWS answers that at once.

        botocore asks up to 4 times: together those are the seconds that a network may be away (throttle.py).
        """
        return self.client("sts", region, connect_timeout=5, read_timeout=5)

    def client(self, service: str, region: str | None = None, **timeouts: int) -> "BaseClient":
        """Make one, for another region than the session's if it is given, with these timeouts of `client_config`."""
        config = client_config(self._access, **timeouts)
        try:
            made = self._session.client(service, region, config=config, endpoint_url=self._access.endpoint_url)  # type: ignore[call-overload]  # a plain string
        except (ValueError, InvalidRegionError) as error:
            raise UsageError(
                "AWS cannot be addressed so",
                detail=f"{error}.",
                hint="Correct --endpoint-url or AWS_ENDPOINT_URL, or --region; an endpoint begins with https://.",
            ) from error
        except BotoCoreError as error:
            raise UsageError(
                "A setting for AWS cannot be used",
                detail=f"{str(error).removesuffix('.')}. {origin_of(self._access)}".rstrip(),
                hint="Correct it, in the profile or the environment variable.",
            ) from error
        self._in_flight.listen(made)
        made.meta.events.register("before-call", self.calls)
        made.meta.events.register("before-parse", refuse_page)
        made.meta.events.register_first("needs-retry", refuse_repetition)
        made.meta.events.register("before-send", send_in_pieces)
        made.meta.events.register("before-send", self.uploads.watch)
        return made  # type: ignore[no-any-return]  # a client
