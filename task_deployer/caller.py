"""Who we are to AWS, and what its clock said when it told us."""

from dataclasses import dataclass

from task_deployer.refusals import CALL_ERRORS, date_of, explain


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
