"""AWS refuses: what failed is named, what does not depend on it is made, and the next run goes on."""

from collections.abc import Iterator

import pytest

from bench.latency import LatencyProxy, slowed
from tests.integration.account import Account
from tests.integration.project import CONFIG, REGION, SECOND_TASK, Project

BUCKET = f"media-dev-ingest-uploads-123456789012-{REGION}"
CORS = f"GET /{BUCKET}?cors"
FORBIDDEN = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>"
FORBIDDEN_BY_S3 = b"<Error><Code>AccessDenied</Code><Message>not for you</Message></Error>"
EXPIRED = b"<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it is too late</Message></Error></ErrorResponse>"


@pytest.fixture
def between(endpoint_url: str) -> Iterator[LatencyProxy]:
    """A proxy between the command and AWS that can refuse."""
    with slowed(endpoint_url, 0) as proxy:
        yield proxy


def test_forbidden_write(project: Project, account: Account, between: LatencyProxy) -> None:
    """A refused call is exit 1: told with its code and the right that lacks; other branches are made; `up` goes on."""
    project.configure(CONFIG + SECOND_TASK)
    between.canned["CreateRole"] = (403, FORBIDDEN)
    ran = project.run("up", "--json", AWS_ENDPOINT_URL=between.endpoint_url)
    assert (1, "") == (ran.code, ran.err)
    outcome = ran.document["outcome"]
    assert ["role.ingest", "role.resize"] == sorted(failed["address"] for failed in outcome["failed"])
    for failed in outcome["failed"]:
        assert failed["code"] == "AccessDenied"
        assert "not for you" in failed["message"]
        assert "CreateRole" in failed["hint"]
    assert {"function.ingest", f"notifications.{BUCKET}"} <= set(outcome["skipped"])
    assert f"bucket {BUCKET}" in account.listing()

    told = project.run("up", AWS_ENDPOINT_URL=between.endpoint_url)
    assert told.code == 1
    assert "failed  role.ingest" in told.out
    assert "role.ingest failed" in told.err

    project.succeed("up")
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0


def test_forbidden_read(project: Project, account: Account, between: LatencyProxy) -> None:
    """A refused read is never absence: `up` and `down` stop with 1 before any write; `status` says unknown, with 0."""
    project.succeed("up")
    before = project.files(), account.listing()
    between.canned[CORS] = (403, FORBIDDEN_BY_S3)
    for command in ("up", "down"):
        refusal = project.refused(command, "--yes", code=1, AWS_ENDPOINT_URL=between.endpoint_url)
        assert "GetBucketCors" in refusal["summary"]
        assert "s3:GetBucketCORS" in refusal["hint"]
    status = project.succeed("status", "--json", AWS_ENDPOINT_URL=between.endpoint_url)
    assert status.document["state"] == "unknown"
    (unknown,) = [change for change in status.document["changes"] if change["state"] == "unknown"]
    assert f"s3:GetBucketCORS on arn:aws:s3:::{BUCKET}" in unknown["reason"]
    assert {"cors.ingest.uploads": "unknown"} == {one: state for one, state in status.states.items() if state != "ok"}
    assert before == (project.files(), account.listing())


def test_bucket_of_another_account(project: Project, account: Account, between: LatencyProxy) -> None:
    """A bucket name that answers 403 is told as somebody else's, stops `up` before any write, and is never created."""
    between.canned[f"HEAD /{BUCKET}"] = (403, b"")
    before = project.files()
    refusal = project.refused("up", code=5, AWS_ENDPOINT_URL=between.endpoint_url)
    assert BUCKET in refusal["summary"]
    assert "another account" in refusal["detail"]
    assert before == project.files()
    assert account.listing() == {}


def test_expired_credentials(project: Project, between: LatencyProxy) -> None:
    """Credentials that AWS no longer accepts are exit 3, with how to log in again."""
    between.canned["GetCallerIdentity"] = (403, EXPIRED)
    refusal = project.refused("plan", code=3, AWS_ENDPOINT_URL=between.endpoint_url)
    assert "ExpiredToken" in refusal["summary"]
    assert "aws sso login" in refusal["hint"]


def test_unknown_credentials(project: Project, between: LatencyProxy) -> None:
    """Keys that STS does not know are asked about once more, where no account is unknown for its region: exit 3."""
    between.canned["GetCallerIdentity"] = (403, EXPIRED.replace(b"ExpiredToken", b"InvalidClientTokenId"))
    refusal = project.refused("plan", code=3, AWS_ENDPOINT_URL=between.endpoint_url)
    assert "InvalidClientTokenId" in refusal["summary"]
    assert "Asked in eu-central-1 and us-east-1" in refusal["detail"]
    assert 2 == [call.what for call in between.log.calls].count("GetCallerIdentity")


def test_credentials_that_expire_on_the_way(project: Project, between: LatencyProxy) -> None:
    """Credentials that end in the middle of an `up` are exit 3; nothing is lost, and the next `up` goes on."""
    between.canned["CreateRole"] = (403, EXPIRED)
    refusal = project.refused("up", code=3, AWS_ENDPOINT_URL=between.endpoint_url)
    assert "ExpiredToken" in refusal["summary"]
    project.succeed("up")
    assert project.succeed("plan", "--json").differing == {}
