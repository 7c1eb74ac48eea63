"""Rows in which AWS says no: for a moment, because it is asked too much, or until somebody does something about it."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from task_deployer.errors import CredentialsError, ResourceError, SafetyError
from tests.faults.lab.call import Answer, Call, forbidden, refused, throttled
from tests.faults.lab.lags import unable_to_validate
from tests.faults.lab.row import Ending, Row

if TYPE_CHECKING:
    from tests.faults.lab.lab import Lab

UNTIL_OVER = float("inf")


class AnswerLost(Row):
    """AWS does what it was asked, and the answer never comes: once, or as often as botocore asks."""

    number = 5
    name = "the answer is lost"
    endings = (Ending(ResourceError, "gave no answer"),)  # what botocore may not repeat is given up after 20 seconds
    _OFTEN = 7  # botocore asks 6 times in all
    _WAYS = (
        "ReadTimeout",
        "ConnectionReset",
        "500",
        "503",
    )  # the first is long: for a last loss only

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._left: dict[tuple[str, str], int] = {}

    def answered(self, call: Call, answer: Answer, lab: "Lab") -> Answer:
        """Lose it, the network's way or the server's."""
        if not call.mutating:
            return answer
        key = (call.operation, call.thing)
        if key not in self._left:
            self._left[key] = self.chance.choice((0, 0, 0, 1, 1, 2, self._OFTEN))
        if not self._left[key]:
            return answer
        self._left[key] -= 1
        way = self.chance.choice(self._WAYS[self._left[key] > 1 :])
        lab.note(self, call, way)
        if way == "ReadTimeout":
            lab.clock.sleep(_READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url=f"https://{call.service}.example")
        if way == "ConnectionReset":
            raise ConnectionClosedError(endpoint_url=f"https://{call.service}.example")
        return Answer(int(way), b"")


_READ_TIMEOUT = 60  # seconds that the tool's clients wait for an answer


class Throttled(Row):
    """A service is asked too much for a while, three times in a life."""

    number = 11
    name = "a service is asked too much"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._until: dict[str, float] = {}
        self._left = 3

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Too many requests."""
        if self._left and self.chance.random() < 0.05:
            self._left -= 1
            self._until[call.service] = lab.clock.now() + self.seconds(1, 10, 30)
        return throttled(call) if lab.clock.now() < self._until.get(call.service, 0) else None


class Overlapping(Row):
    """S3 finds that an entry of somebody else's, which came after our look, overlaps ours."""

    number = 8
    name = "another entry overlaps"
    endings = (Ending(ResourceError, "overlapping suffixes"),)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """The document is ambiguous."""
        if call.operation != "PutBucketNotificationConfiguration":
            return None
        text = (
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
            "overlapping for the same event type."
        )
        return refused(call, 400, "InvalidArgument", text)


class ForeignDestination(Row):
    """S3 refuses the document because of somebody else's destination in it."""

    number = 3
    name = "somebody else's destination is not valid"
    endings = (Ending(ResourceError, "because of an entry that is not ours: .*-theirs"),)
    why: ClassVar[str] = "The destination queue does not exist"

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The foreign queue is named, and why."""
        if call.operation != "PutBucketNotificationConfiguration" or not call.thing.endswith("-theirs"):
            return None
        return unable_to_validate(call, lab.behind.aws.account.arn("sqs", call.thing), self.why)


class EncryptedQueue(ForeignDestination):
    """The queue is encrypted with AWS's own key, which S3 may never use."""

    number = 34
    name = "somebody else's queue is encrypted with AWS's key"
    why = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"


class Denied(Row):
    """The caller lacks the right to one operation."""

    number = 23
    name = "one operation is denied"
    empties = True
    endings = (Ending(ResourceError, "AccessDenied|403"), Ending(SafetyError, "belongs to another account"))
    operation: str = ""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.operation = self.operation or chance.choice(OPERATIONS)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """No."""
        return forbidden(call) if call.operation == self.operation else None


@dataclass(frozen=True)
class _Limit:
    operation: str
    status: int
    code: str
    text: str


_LIMITS = (
    _Limit("CreateRole", 409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000."),
    _Limit("PutRolePolicy", 409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role r"),
    _Limit("CreateBucket", 400, "TooManyBuckets", "You have attempted to create more buckets than allowed"),
    _Limit("CreateFunction", 400, "CodeStorageExceededException", "Code storage limit exceeded."),
    _Limit(
        "CreateFunction",
        400,
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "exceeded the 4KB limit. String measured: {secret}",
    ),
    _Limit(
        "PutFunctionConcurrency",
        400,
        "InvalidParameterValueException",
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [10].",
    ),
    _Limit("AddPermission", 400, "PolicyLengthExceededException", "The final policy size is bigger than the limit"),
    _Limit("CreateLogGroup", 400, "LimitExceededException", "Resource limit exceeded."),
    _Limit("PutRetentionPolicy", 400, "InvalidParameterException", "1 validation error detected"),
    _Limit("PutBucketCors", 400, "InvalidRequest", 'AllowedOrigin "*.*" can not have more than one wildcard.'),
)


class Quota(Row):
    """A limit of the account or of a document is met."""

    number = 25
    name = "a limit is met"
    limits: ClassVar[tuple[_Limit, ...]] = _LIMITS
    endings: ClassVar[tuple[Ending, ...]] = (
        Ending(ResourceError, "|".join({limit.code for limit in _LIMITS} - {"InvalidParameterValueException"})),
        Ending(ResourceError, "refuses the environment variables(?!.*secret}?$)"),
        Ending(ResourceError, "UnreservedConcurrentExecution"),
    )

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._limit = chance.choice(self.limits)
        self._met = 0

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """It is met; asking on and on changes nothing."""
        if call.operation != self._limit.operation:
            return None
        self._met += 1
        assert self._met < 30, f"{call.operation} is repeated for ever against a limit"
        return refused(call, self._limit.status, self._limit.code, self._limit.text)


class QuotaOfRules(Quota):
    """The account has as many rules as it may have, or a rule as many targets: EventBridge says so in one way."""

    name = "a limit of EventBridge's is met"
    delivers = True
    limits = tuple(
        _Limit(operation, 400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        for operation in ("PutRule", "PutTargets")
    )
    endings = (Ending(ResourceError, "LimitExceededException"),)


class CredentialsEnd(Row):
    """The credentials expire after so many calls, or the clock turns out to be wrong."""

    number = 28
    name = "the credentials end"
    endings = (Ending(CredentialsError, "not accept the credentials|clock is wrong"),)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._left = chance.randrange(80)
        self._skewed = chance.random() < 0.3

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """Not with these."""
        self._left -= 1
        if self._left > 0:
            return None
        if self._skewed and call.service == "s3" and not call.operation.startswith("Head"):
            text = "The difference between the request time and the current time is too large."
            return refused(call, 403, "RequestTimeTooSkewed", text)
        if self._skewed:
            return refused(call, 403, "InvalidSignatureException", "Signature expired")
        if call.service == "s3":
            return refused(call, 400, "ExpiredToken", "The provided token has expired.")
        return refused(call, 403, "ExpiredTokenException", "The security token included in the request is expired")


OPERATIONS = (
    "AddPermission",
    "CreateBucket",
    "CreateFunction",
    "CreateLogGroup",
    "CreateQueue",
    "CreateRole",
    "DeleteBucket",
    "DeleteFunction",
    "DeleteLogGroup",
    "DeleteQueue",
    "DeleteRole",
    "DeleteRolePolicy",
    "DescribeLogGroups",
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
    "GetBucketNotificationConfiguration",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetFunction",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetPolicy",
    "GetPublicAccessBlock",
    "GetQueueAttributes",
    "GetRole",
    "GetRolePolicy",
    "HeadBucket",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListQueueTags",
    "ListTagsForResource",
    "PutBucketCors",
    "PutBucketLifecycleConfiguration",
    "PutBucketNotificationConfiguration",
    "PutBucketVersioning",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "PutRetentionPolicy",
    "PutRolePolicy",
    "UpdateFunctionConfiguration",
)
"""All that a whole life asks for. A test holds that it is all."""

NOES: tuple[type[Row], ...] = (
    AnswerLost,
    Overlapping,
    Throttled,
    ForeignDestination,
    Denied,
    Quota,
    QuotaOfRules,
    CredentialsEnd,
    EncryptedQueue,
)
