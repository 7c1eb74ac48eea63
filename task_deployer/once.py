"""Calls that botocore may not repeat by itself: each writes a document that was made from a read, and reads age.

Such a call may have done its work although its answer was lost, and somebody else may have written since: sent again
as it is, it takes out what he wrote. So its error is raised at once, and whoever called reads before he writes again.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.refusals import UNREACHED, is_throttled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel

ONCE = {
    "PutBucketNotificationConfiguration",
    "PutBucketCors",
    "DeleteBucketCors",
    "PutBucketLifecycleConfiguration",
    "DeleteBucketLifecycle",
}
"""The operations that replace a document of S3's in which others may have a part."""


def refuse_repetition(
    response: "tuple[AWSResponse, Mapping[str, object]] | None",
    operation: "OperationModel",
    caught_exception: Exception | None,
    **_: object,
) -> None:
    """Listen to botocore's `needs-retry`. Raises the error of one of these calls that botocore would send again.

    A redirection to the bucket's region is none: there the call has done nothing, and that is followed as ever.
    """
    if operation.name not in ONCE:
        return
    if isinstance(caught_exception, UNREACHED):
        raise caught_exception
    if response is not None:
        error = ClientError(response[1], operation.name)  # type: ignore[arg-type]  # as botocore parsed it
        if is_throttled(error):
            raise error
