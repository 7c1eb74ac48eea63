import pytest

from task_deployer.aws import Aws
from tests.aws import aws, endpoint_url, shared_aws
from tests.contract.life import Sample
from tests.contract.samples import SAMPLES, sample

__all__ = ["aws", "endpoint_url", "shared_aws"]


@pytest.fixture(params=SAMPLES)
def life(request: pytest.FixtureRequest, aws: Aws) -> Sample:
    """One resource of each kind, about to be made."""
    return sample(aws, request.param)
