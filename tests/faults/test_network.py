"""The endpoint goes away in the middle of an `up`, and does not come back while it waits."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.proxy import Proxy
from task_deployer.aws import connect
from task_deployer.errors import ResourceError
from task_deployer.retry import Patience
from tests.aws import REGION, access, watched
from tests.faults.command.strikes import Outage, hang_up
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

pytestmark = pytest.mark.faults


def hasty() -> float:
    """A clock by which a second of ours is a minute, so that deadlines come soon."""
    return time.monotonic() * 60


def test_an_endpoint_that_stays_away_is_gone_on_from(new_scene: Callable[[], Scene], endpoint_url: str) -> None:
    """What it could not reach has failed with the endpoint's name, is recorded as begun, and the next `up` finishes."""
    scene = new_scene()
    with (proxy := Proxy(endpoint_url, Outage(hang_up))).serving():
        aws = connect(access(proxy.endpoint_url), REGION).waiting_with(Patience(now=hasty))
        failed = replace(scene, aws=aws).up(workers=8).outcome.failed
        for client in (aws.s3, aws.iam, aws.lambda_, aws.sqs, aws.logs):
            client.close()
    assert failed
    for failure in failed:
        assert isinstance(failure.error, ResourceError)
        assert proxy.endpoint_url in failure.error.summary
        assert "network" in failure.error.hint
    assert () == scene.up(workers=8).outcome.failed
    assert_all_recorded(scene.manifest)
    with watched(scene.aws) as asked:
        scene.up()
    assert [] == asked.mutating
    scene.down()
    assert_nothing_left(scene.aws, scene.name, scene.folder)
    assert scene.foreign == read_foreign(scene.aws, scene.name)
