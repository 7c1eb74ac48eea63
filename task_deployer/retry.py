"""Named waits for AWS to settle. Throttling, 5xx and lost connections are throttle.py's; this is the rest.

Each wait names its error code and message, its deadline and its reason. Everything else fails at once.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity
from botocore.exceptions import ClientError

from task_deployer.refusals import code_of, message_of

T = TypeVar("T")


def _tell_nobody(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Patience:
    """How to wait: how to sleep, whom to tell why, and what time it is. Both are in seconds, and a test's own.

    `progress` is told by a verb of many calls how much is done, and of how much where that is known. Where the user has
    asked to stop, it raises as `sleep` does: the verb begins nothing more.
    """

    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = _tell_nobody
    now: Callable[[], float] = time.monotonic
    progress: Callable[[int, int | None], None] = _tell_nobody


@dataclass(frozen=True)
class Wait:
    """One condition that passes by itself: `code` and `message` (regular expressions) tell it.

    `seconds` is the deadline, counted from the first refusal.
    """

    reason: str
    seconds: float
    code: str
    message: str = ""

    def matches(self, error: BaseException) -> bool:
        """Whether the error is this condition."""
        return (
            isinstance(error, ClientError)
            and re.fullmatch(self.code, code_of(error)) is not None
            and re.search(self.message, message_of(error)) is not None
        )


ROLE_PROPAGATION = Wait(
    "the role to reach Lambda",
    180,
    "InvalidParameterValueException",
    "cannot be assumed by Lambda|does not have permissions|KMS key is invalid for CreateGrant|valid principal",
)
"""A role is usable 5 to 15 s after its creation, seldom minutes; IAM gives no sign of it."""

ROLE_VISIBLE = Wait("IAM to show the new role", 120, "NoSuchEntity")
"""IAM answers from several places; right after CreateRole some of them do not know the role yet."""

FUNCTION_BUSY = Wait(
    "the function's last update to end",
    300,
    "ResourceConflictException",
    "update is in progress|concurrent update|following state: (Pending|Creating|Deleting)",
)
"""Lambda refuses a change while another one is under way."""

DESTINATION_VALID = Wait(
    "Lambda to see the failure queue and the right to send to it",
    120,
    "InvalidParameterValueException",
    "destination ARN .* is invalid|does not have permissions",
)
"""PutFunctionEventInvokeConfig checks the role's policy, which takes seconds to be effective."""

NOTIFICATION_VALID = Wait("S3 to see the invoke permission", 90, "InvalidArgument", "Unable to validate")
"""S3 checks that it may invoke the function; a fresh permission takes seconds to be seen."""

BUCKET_BUSY = Wait("the bucket to take the next setting", 120, "OperationAborted|NoSuchBucket")
"""Writes to one bucket collide, and a fresh bucket is not everywhere at once."""

BUCKET_SETTLING = Wait("the bucket to take the next setting", 120, "OperationAborted")
"""The same for a bucket that may be gone: there NoSuchBucket is an answer, not a delay."""

BUCKET_NAME_BUSY = Wait("the bucket's name to be free", 300, "OperationAborted")
"""A name is busy for a while after its bucket was deleted."""

QUEUE_NAME_BUSY = Wait("the queue's name to be free", 90, r"(AWS\.SimpleQueueService\.)?QueueDeletedRecently")
"""SQS wants 60 seconds between the deletion of a queue and a new one of that name."""

ROLE_IN_USE = Wait("IAM to see that the role is empty", 120, "DeleteConflict")
"""DeleteRole may still see a policy that has been deleted."""

ROLE_BUSY = Wait(
    "IAM to end another change of the role", 120, "ConcurrentModification(Exception)?|EntityTemporarilyUnmodifiable"
)
"""IAM refuses a change while another one of the same role is under way (terraform-provider-aws #39421)."""

LOG_GROUP_BUSY = Wait("the log group to settle", 60, "OperationAbortedException")
"""Creations and deletions of one log group collide."""

LOG_GROUP_VISIBLE = Wait("CloudWatch Logs to show the new group", 30, "ResourceNotFoundException")
"""A fresh group is not everywhere at once."""

FUNCTION_VISIBLE = Wait("Lambda to show the new function", 30, "ResourceNotFoundException")
"""A fresh function is not everywhere at once."""

STATEMENT_REPLACED = Wait("Lambda to forget the old statement", 60, "ResourceConflictException", "already exists")
"""A statement cannot be changed, only removed and added: for a moment the removed one may still be seen."""

QUEUE_VISIBLE = Wait("SQS to show the new queue", 30, r"(AWS\.SimpleQueueService\.NonExistentQueue|QueueDoesNotExist)")
"""A queue can be used a second after its creation."""

DEAD_LETTERS_VISIBLE = Wait(
    "SQS to see the queue of failures",
    60,
    r"(AWS\.SimpleQueueService\.)?Invalid(ParameterValue|AttributeValue)(Exception)?",
    "Dead letter target does not exist",
)
"""A redrive policy may name a queue that was just made, and that another of SQS's places does not know yet."""

RULE_BUSY = Wait("EventBridge to take the next change", 60, "ConcurrentModificationException")
"""Changes of one rule or its targets collide."""

RULE_EMPTY = Wait(
    "EventBridge to see that the rule has no targets",
    120,
    "ValidationException",
    "can't be deleted since it has targets",
)
"""DeleteRule may still see a target that has been removed."""

RULE_VISIBLE = Wait("EventBridge to show the new rule", 30, "ResourceNotFoundException")
"""A fresh rule is not everywhere at once."""

QUEUE_READABLE = Wait(
    "Lambda to see the role's right to read the queue",
    180,
    "InvalidParameterValueException",
    "cannot be assumed by Lambda|does not have permissions|ensure the role can perform|add Lambda as a Trusted Entity"
    "|Error occurred while ReceiveMessage|queue .*does not exist|Function does not exist",
)
"""CreateEventSourceMapping looks at the function, its role, the policy and the queue: it may see each of them late.

That the function was made with the role says little: Lambda answers from several places.
"""

VISIBILITY_SEEN = Wait(
    "Lambda to see the queue's visibility timeout", 90, "InvalidParameterValueException", "[Qq]ueue visibility timeout"
)
"""A function may not run longer than its queue hides a message; SQS takes up to a minute to change that."""

MAPPING_BUSY = Wait("the event source mapping's last change to end", 180, "ResourceInUseException")
"""Lambda refuses to change or delete a mapping while another change is under way."""

MAPPING_GOING = Wait(
    "Lambda to forget the old event source mapping", 180, "ResourceConflictException", "already exists"
)
"""A mapping that is being deleted still stands in the way of a new one of the same queue and function."""


def over(patience: Patience, seconds: float) -> Callable[[tenacity.RetryCallState], bool]:
    """Stop this long after the first refusal, by the clock or by the pauses: a sleep that is none must end as well."""
    first: list[float] = []

    def is_over(state: tenacity.RetryCallState) -> bool:
        now = patience.now()
        first.append(now)
        return max(state.idle_for, now - first[0]) >= seconds

    return is_over


def pauses(first: float) -> tenacity.wait.wait_base:
    """Pauses that double up to 5 seconds, with some jitter: workers that met at one refusal do not meet again."""
    return tenacity.wait_exponential(multiplier=first, max=5) + tenacity.wait_random(0, first)


def patiently(patience: Patience, wait: Wait, call: Callable[[], T]) -> T:
    """Call, and call again for as long as the error is the named one, with growing pauses, until its deadline.

    Raises the error of the last call; at the deadline with a note of what was waited for, which `explain` tells.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(wait.matches),
        stop=over(patience, wait.seconds),
        wait=pauses(0.5),
        sleep=patience.sleep,
        before_sleep=lambda _: patience.tell(wait.reason),
        reraise=True,
    )
    try:
        return retrying(call)
    except ClientError as error:
        if wait.matches(error):
            error.add_note(f"Waited {wait.seconds:.0f} seconds for {wait.reason}.")
        raise


_VISIBLE_SECONDS = 60


def until_visible(patience: Patience, reason: str, look: Callable[[], T | None]) -> T | None:
    """Look until something is there. None if there still is not after a minute.

    For a name that AWS says is taken: another of its places may not show yet what took it.
    """
    return looking(patience, reason, _VISIBLE_SECONDS, look, lambda seen: seen is None)


def never_shown(error: Exception, what: str) -> Exception:
    """The error that says that a name is taken, where `until_visible` found nothing of that name: it tells so."""
    error.add_note(f"Waited {_VISIBLE_SECONDS} seconds for AWS to show {what}, which it did not.")
    return error


def looking(
    patience: Patience, reason: str, seconds: float, look: Callable[[], T], is_too_soon: Callable[[T], bool]
) -> T:
    """Look again while it is too soon, for so many seconds at most, and return what was seen last."""

    def last(state: tenacity.RetryCallState) -> T:
        if state.outcome is None:
            raise TypeError("nothing was looked at")
        return state.outcome.result()  # type: ignore[no-any-return]  # tenacity forgets what the look returns

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(is_too_soon),
        stop=over(patience, seconds),
        wait=pauses(0.25),
        sleep=patience.sleep,
        before_sleep=lambda _: patience.tell(reason),
        retry_error_callback=last,
    )
    return retrying(look)
