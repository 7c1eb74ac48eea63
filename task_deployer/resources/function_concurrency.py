"""A function's reserved concurrency, which an account may have too little of."""

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, is_unreservable, message_of
from task_deployer.resources.seen_function import once_ready


def reserve(aws: Aws, name: str, wanted: int | None) -> None:
    """Reserve so many executions for the function of this name; None reserves nothing.

    It comes last: an account that has too little refuses it, and all else of the function is well by then. Raises
    `ResourceError` that says so.
    """

    def call() -> None:
        if wanted is None:
            aws.lambda_.delete_function_concurrency(FunctionName=name)
        else:
            aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)

    try:
        once_ready(aws, call)
    except ClientError as error:
        if not is_unreservable(error):
            raise
        raise _unreservable(name, wanted, error) from error


def _unreservable(name: str, wanted: int | None, error: ClientError) -> ResourceError:
    return ResourceError(
        f"The account has too little concurrency left to reserve {wanted} for the function {name}",
        code=code_of(error),
        detail=f"{message_of(error)} All else of the function is as wanted; what depends on it waits for this.",
        hint="Lower reserved_concurrency, or take it out: an account whose whole quota is that minimum, as new "
        "ones are, can reserve nothing. Or ask for more of Lambda's `Concurrent executions` in Service Quotas. "
        "Then run the same command again.",
    )
