"""A function's variables, whose values may be secrets: neither a plan nor an error repeats them."""

import re
from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Difference

Variables = Mapping[str, str]

_HIDDEN = "(a value that is not shown)"


def differences(wanted: Variables, found: Variables, shown: frozenset[str]) -> tuple[Difference, ...]:
    """Which variables differ. Of all but the `shown` ones, only that they differ is told."""

    def told(name: str, values: Variables) -> str | None:
        return values.get(name) if name in shown or name not in values else _HIDDEN

    names = sorted(name for name in {**wanted, **found} if wanted.get(name) != found.get(name))
    return tuple(Difference(f"Environment.{name}", told(name, wanted), told(name, found)) for name in names)


def sent(function: str, call: Callable[[], None]) -> None:
    """Make a call that carries the variables. Some refusals repeat them all, and they may be secrets.

    "Lambda was unable to configure your environment variables because the environment variables you have provided
    exceeded the 4KB limit. String measured: {...}", and ValidationException with the value at 'environment'.
    """
    try:
        call()
    except ClientError as error:
        if re.search("String measured|at 'environment", message_of(error)) is None:
            raise
        raise ResourceError(
            f"Lambda refuses the environment variables of the function {function}",
            code=code_of(error),
            detail="Its text repeats their values, which may be secrets, so it is not shown.",
            hint="Names are letters, digits and _, and begin with a letter; all together may have 4 KB.",
        ) from None
