"""Runs a callback on an event as the deployed function would."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from task_runtime.callbacks import Callback
from task_runtime.invocation import make_handler
from task_runtime.outcomes import Failure, RecordsFailed
from task_runtime.testing.events import BUCKET
from task_runtime.testing.memory import Bucket, Sent, Topics


@dataclass(frozen=True)
class Run:
    """What a run came to: the commands sent, what the buckets hold, the function's answer, the records that failed."""

    commands: tuple[Sent, ...]
    buckets: Bucket = field(repr=False)
    answer: Mapping[str, Any] | None = None
    failures: tuple[Failure, ...] = ()

    def objects(self, bucket: str = BUCKET) -> dict[str, bytes]:
        """Give what a bucket holds after the run, by key."""
        return self.buckets.contents(bucket)


def run(  # noqa: PLR0913 - each is a part of the task's surroundings, by name alone
    callback: Callback,
    event: object,
    *,
    objects: Mapping[str, bytes] | None = None,
    buckets: Mapping[str, str] | None = None,
    topics: Collection[str] | None = None,
    standard: Collection[str] = (),
    context: object = None,
    check: bool = True,
) -> Run:
    """Run a callback on an event, with nothing of AWS, and give what came of it.

    `objects` are in `my-bucket`, where the builders' events come from. `buckets` maps bucket names to modes, as in the
    task's configuration; without it all is allowed. `topics` names the topics; without it every name is one. They are
    FIFO topics but for those in `standard`. With `check` a failed record raises RecordsFailed, as in Lambda; without,
    the run's `failures` name it.
    """
    s3 = Bucket()
    for key, content in (objects or {}).items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    queues = Topics(topics, standard=standard)
    function = make_handler(
        callback,
        topics=queues,
        buckets=buckets or {},
        service="local",
        metrics_namespace="",
        sqs=queues,
        s3=s3,
        sleep=lambda _seconds: None,
    )
    try:
        answer = function(event, context)
    except RecordsFailed as failed:
        if check:
            raise
        return Run(tuple(queues.sent), s3, failures=failed.failures)
    return Run(tuple(queues.sent), s3, answer)
