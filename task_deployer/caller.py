"""Who we are to AWS, what its clock said when it told us, and that it stays one account for the whole of a run."""

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from task_deployer.errors import AccountChangedError
from task_deployer.refusals import CALL_ERRORS, date_of, explain

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_KEY = re.compile("Credential=([^/]+)/")
"""The id of the access key in the Authorization header (Signature Version 4)."""


@dataclass(frozen=True)
class Caller:
    """Whose credentials these are. `date` is the Date header of STS's answer, as HTTP writes it."""

    account: str = ""
    arn: str = ""
    date: str = ""

    @property
    def partition(self) -> str:
        """The partition that the account is in: `aws`, `aws-cn`, ..."""
        return self.arn.split(":")[1]

    @property
    def sort(self) -> str:
        """What sort of identity it is, as in the ARN: `user`, `assumed-role`, `federated-user` or `root`."""
        return self.arn.rpartition(":")[2].partition("/")[0]

    @property
    def role(self) -> str:
        """The name of the role that was assumed. Its path is not told: `assumed-role/NAME/SESSION`."""
        return self.arn.split("/")[1]


def identify(sts: object) -> Caller:
    """Ask STS who we are; no policy can forbid that (STS API reference). Raises what `explain` says of a refusal."""
    try:
        answer = sts.get_caller_identity()  # type: ignore[attr-defined]  # an STS client, made from its name
    except CALL_ERRORS as error:
        raise explain(error) from error
    return Caller(str(answer["Account"]), str(answer["Arn"]), date_of(answer))


class OneAccount:
    """Holds a run to the account that it began in, whatever becomes of its credentials.

    A profile, SSO or a process may give new ones on the way, and by then be somebody else's. Each request bears the id
    of the access key that signed it: before one with a new id is sent, STS is asked once more. Safe between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sts: object = None
        self._account = ""
        self._known: set[str] = set()
        self._asked_with = ""

    def identify(self, sts: object) -> Caller:
        """Ask STS who we are: that account is the run's from now on. Raises what `identify` of this module does."""
        self._sts = sts
        caller = identify(sts)
        self._account = caller.account
        self._known.add(self._asked_with)
        return caller

    def __call__(self, event_name: str, request: "AWSPreparedRequest", **_: object) -> None:
        """Listen to botocore's `before-send.service.Operation`.

        Raises `AccountChangedError` before anything but that question reaches another account.
        """
        key = _key_of(request)
        if event_name.startswith("before-send.sts."):
            self._asked_with = key
            return
        if key in self._known:
            return
        with self._lock:
            if key not in self._known:
                self._check(identify(self._sts))
                self._known.add(key)

    def _check(self, now: Caller) -> None:
        if now.account != self._account:
            raise AccountChangedError(
                f"The AWS credentials are of another account now: {now.account}",
                detail=f"This run began in the account {self._account}. Its credentials were refreshed, and are those "
                f"of {now.arn}. Nothing was asked or changed there.",
                hint="Log in to the first account, then run the same command: it goes on from what is recorded.",
            )


def _key_of(request: "AWSPreparedRequest") -> str:
    """The access key's id; empty where nothing is signed."""
    signed: object = request.headers.get("Authorization", "")  # botocore has bytes there, whatever its stubs say
    found = _KEY.search(signed.decode() if isinstance(signed, bytes) else str(signed))
    return found[1] if found else ""
