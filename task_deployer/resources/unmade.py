"""What a refused creation says: that nothing was made, or that something may be there all the same. Pure."""

import re

from botocore.exceptions import ClientError

from task_deployer.refusals import code_of

_REFUSED = range(400, 500)  # HTTP: the errors of whoever calls
_MAY_BE_THERE = re.compile("Exist|AlreadyOwnedByYou|Conflict|Aborted|Concurrent|Timeout")


def made_nothing(error: BaseException | None, operation: str) -> bool:
    """Whether AWS refused this call so that nothing can have come of it.

    It refused the first try of it, and not for what is there already, nor for what is under way, which may be ours.
    """
    if not isinstance(error, ClientError) or error.operation_name != operation:
        return False
    answer = error.response.get("ResponseMetadata", {})
    refused = answer.get("HTTPStatusCode", 0) in _REFUSED
    return refused and not answer.get("RetryAttempts") and not _MAY_BE_THERE.search(code_of(error))
