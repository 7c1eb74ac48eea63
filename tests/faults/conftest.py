from collections.abc import Callable
from pathlib import Path

import pytest

from task_deployer.aws import Aws
from tests.aws import aws, endpoint_url, new_name, shared_aws
from tests.faults.scene import BASE, CHANGED, DELIVERIES, REDIRECTED, Scene, set_up

__all__ = ["aws", "endpoint_url", "shared_aws"]


@pytest.fixture
def new_scene(aws: Aws, tmp_path: Path) -> Callable[[], Scene]:
    """Makes a project that uses every kind, about to be deployed beside things of others; as many as are asked for."""

    def make() -> Scene:
        name = new_name()
        return set_up(aws, tmp_path / name, name)

    return make


@pytest.fixture(params=[(BASE, CHANGED), (DELIVERIES, REDIRECTED)], ids=["every kind of bucket", "every delivery"])
def new_scene_of_any_sort(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Callable[[], Scene]:
    """Makes either sort of project, as `new_scene` does."""

    def make() -> Scene:
        name = new_name()
        return set_up(aws, tmp_path / name, name, *request.param)

    return make
