import pytest
from botocore.exceptions import ClientError

from task_deployer.caller import Caller
from task_deployer.errors import CredentialsError, ResourceError
from task_deployer.refusals import explain
from task_deployer.unknown_credentials import told_apart

KNOWN = Caller("123456789012", "arn:aws:iam::123456789012:user/x")
UNREACHED = ResourceError("The endpoint cannot be reached", code="ConnectTimeoutError")


def refusal(code: str = "InvalidClientTokenId") -> CredentialsError:
    """What STS's refusal becomes."""
    error = ClientError({"Error": {"Code": code, "Message": "It is invalid."}}, "GetCallerIdentity")
    explained = explain(error)
    explained.__cause__ = error
    assert isinstance(explained, CredentialsError)
    return explained


class Sts:
    """Another STS, which answers so."""

    def __init__(self, answer: Caller | Exception) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def __call__(self, region: str) -> Caller:
        """Who we are, there."""
        self.asked.append(region)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_a_region_that_is_off_is_told() -> None:
    """Credentials that are known elsewhere are told by whose they are, with how to switch the region on."""
    sts = Sts(KNOWN)
    told = told_apart(refusal(), "eu-south-2", sts)
    assert ["us-east-1"] == sts.asked
    assert "eu-south-2" in told.summary
    assert "eu-south-2 is not enabled for the account 123456789012" in told.detail
    assert KNOWN.arn in told.detail
    assert "enable-region --region-name eu-south-2" in told.hint
    assert "AWS_STS_REGIONAL_ENDPOINTS=regional" in told.hint
    assert 3 == told.exit_code


@pytest.mark.parametrize(
    ("answer", "words"),
    [(refusal(), "Asked in eu-south-2 and us-east-1"), (UNREACHED, "Or eu-south-2 is not enabled for the account")],
)
def test_credentials_that_may_be_wrong(answer: Exception, words: str) -> None:
    """Where they are known nowhere, or that cannot be asked: who was asked, to log in, and other partitions."""
    told = told_apart(refusal(), "eu-south-2", Sts(answer))
    assert "AWS does not accept the credentials (InvalidClientTokenId)" == told.summary
    assert words in told.detail
    assert "aws sso login" in told.hint
    assert "China, GovCloud" in told.hint


@pytest.mark.parametrize(("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn")])
def test_a_region_that_is_always_on(region: str, partition: str) -> None:
    """Where no account can switch regions off nobody else is asked, and the partition is told."""
    sts = Sts(KNOWN)
    assert f"the partition {partition} alone" in told_apart(refusal("UnrecognizedClientException"), region, sts).detail
    assert [] == sts.asked


@pytest.mark.parametrize("code", ["ExpiredToken", "SignatureDoesNotMatch"])
def test_any_other_refusal_stays(code: str) -> None:
    """What is not about keys that nobody knows is told as it was, and nobody else is asked."""
    sts, given = Sts(KNOWN), refusal(code)
    assert given is told_apart(given, "eu-south-2", sts)
    assert [] == sts.asked
