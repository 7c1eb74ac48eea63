"""Credentials that STS does not know: they are wrong, or the region that was asked is."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from task_deployer.caller import Caller
from task_deployer.errors import CredentialsError, TaskDeployError
from task_deployer.refusals import LOG_IN, code_of
from task_deployer.session import partition_of

_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException"}
_WITH_CHOICES = "aws"  # the partition that has regions which an account may switch on and off
_ALWAYS_ON = "us-east-1"


def told_apart(refusal: CredentialsError, region: str, ask: Callable[[str], Caller]) -> CredentialsError:
    """Say whether the credentials or the region is to blame, where STS in that region does not know them.

    The code for keys that do not exist is also that of a region which is off for the account, of one that is on by
    choice to a session of the global endpoint, whose token does not hold there, and of another partition (IAM User
    Guide, "Manage AWS STS in an AWS Region"). `ask` asks STS in another region who we are: once, in one that no account
    can switch off. Gives any other refusal back.
    """
    if not isinstance(refusal.__cause__, ClientError) or code_of(refusal.__cause__) not in _UNKNOWN:
        return refusal
    partition = partition_of(region)
    if partition != _WITH_CHOICES or region == _ALWAYS_ON:
        return _wrong(refusal, f"Asked in {region}, which knows those of the partition {partition} alone")
    try:
        known = ask(_ALWAYS_ON)
    except CredentialsError:
        return _wrong(
            refusal, f"Asked in {region} and {_ALWAYS_ON}, which know those of the partition {partition} alone"
        )
    except TaskDeployError:
        return _wrong(
            refusal, f"Or {region} is not enabled for the account: {_ALWAYS_ON}, which would tell, gave no answer"
        )
    return CredentialsError(
        f"AWS does not accept these credentials in {region}, and does in {_ALWAYS_ON}",
        detail=f"They are those of {known.arn}. Either {region} is not enabled for the account {known.account}, or the "
        "credentials are a session of the global STS endpoint, which holds only in regions that are always enabled.",
        hint=f"Enable the region (`aws account enable-region --region-name {region}`; it takes minutes to hours), or "
        "choose another. If it is enabled, log in again with AWS_STS_REGIONAL_ENDPOINTS=regional.",
    )


def _wrong(refusal: CredentialsError, asked: str) -> CredentialsError:
    return CredentialsError(
        refusal.summary,
        detail=f"{refusal.detail.removesuffix('.')}. {asked}.",
        hint=f"{LOG_IN} Those of another partition (China, GovCloud) take a region of it: --region or stack.region.",
    )
