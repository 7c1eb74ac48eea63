from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from task_runtime import CopyObject, DeleteObject, PublishCommand, PutObject, make_handler
from task_runtime.actions import Action
from task_runtime.testing import Bucket, Run, run, s3_event
from tests.unit.runtime.samples import failure_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MODES = {"my-bucket": "Read", "out": "Write", "both": "ReadWrite"}


def _done(*actions: Action, **more: Any) -> Run:  # noqa: ANN401 - handed on to `run`
    return run(lambda _name, _key: [*actions], s3_event("in/a.csv"), **more)


def _told(*actions: Action, **more: Any) -> str:  # noqa: ANN401 - handed on to `run`
    (failure,) = _done(*actions, check=False, **more).failures
    return str(failure)


def test_objects_are_put_copied_and_removed() -> None:
    """A list that mixes all kinds of actions is done in its order: each finds what the one before it left."""
    done = _done(
        PutObject("out/a", "text"),
        PublishCommand("orders", "1", {}),
        CopyObject("out/b", "out/a"),
        DeleteObject("out/a"),
        PutObject("c", b"bytes", bucket="other"),
        CopyObject("d", "c", source_bucket="other"),
    )
    assert done.objects() == {"out/b": b"text", "d": b"bytes"}
    assert done.objects("other") == {"c": b"bytes"}
    assert [sent.id for sent in done.commands] == ["1"]


def test_s3_takes_what_the_runtime_asks(s3: "S3Client", tmp_path: Path) -> None:
    """Real calls of boto3: content type and metadata arrive, a path is sent as a file, a version is copied."""
    first = s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=b"first")["VersionId"]
    s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=b"second")
    (tmp_path / "big").write_bytes(b"from a file")
    actions = [
        PutObject("out/ü +%.json", "{}", content_type="application/json", metadata={"origin": "in/a.csv"}),
        PutObject("out/file", tmp_path / "big"),
        CopyObject("out/first", "in/a.csv", source_version_id=first),
        DeleteObject("in/a.csv"),
        DeleteObject("never there"),
    ]
    make_handler(lambda _name, _key: actions)(s3_event("in/a.csv"), None)
    stored = s3.get_object(Bucket="my-bucket", Key="out/ü +%.json")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"{}", "application/json")
    assert stored["Metadata"] == {"origin": "in/a.csv"}
    assert s3.get_object(Bucket="my-bucket", Key="out/file")["Body"].read() == b"from a file"
    assert s3.get_object(Bucket="my-bucket", Key="out/first")["Body"].read() == b"first"
    assert "in/a.csv" not in {one["Key"] for one in s3.list_objects_v2(Bucket="my-bucket")["Contents"]}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (PutObject("k", b""), 'the bucket \'my-bucket\' has mode = "Read" and this needs Write; set it to "ReadWrite"'),
        (DeleteObject("k"), 'mode = "Read" and this needs Write'),
        (CopyObject("k", "s"), 'mode = "Read" and this needs Write'),
        (CopyObject("k", "s", bucket="both", source_bucket="out"), "'out' has mode = \"Write\" and this needs Read"),
        (PutObject("k", b"", bucket="elsewhere"), "'elsewhere' is none of the task's (known: both, my-bucket, out)"),
    ],
)
def test_a_buckets_mode_is_checked_before_the_call(action: Action, told: str) -> None:
    """What the bucket's mode forbids fails its record before anything of it is done, and says what to change."""
    before = PublishCommand("orders", "1", {})
    assert told in _told(before, action, buckets=MODES)
    assert _done(before, action, buckets=MODES, check=False).commands == ()


@pytest.mark.parametrize(
    "action",
    [
        PutObject("k", b"", bucket="out"),
        DeleteObject("k", bucket="both"),
        CopyObject("k", "in/a.csv", bucket="out"),
        CopyObject("k", "in/a.csv", bucket="both"),
    ],
)
def test_what_the_mode_allows_is_done(action: Action) -> None:
    """Writing needs Write or ReadWrite, the source of a copy Read or ReadWrite, and no more."""
    assert _done(action, buckets=MODES, objects={"in/a.csv": b"x"}).failures == ()


def test_the_deployed_modes_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """TASK_DEPLOY_BUCKETS tells the modes of the deployed task; empty, nothing is known and nothing refused."""
    monkeypatch.setenv("TASK_DEPLOY_BUCKETS", '{"my-bucket": "Read"}')
    failed = failure_of(make_handler(lambda _name, _key: [DeleteObject("a")]), s3_event("a"))
    assert "AccessError" in str(failed)
    monkeypatch.setenv("TASK_DEPLOY_BUCKETS", "")
    assert _done(PutObject("a", b"")).objects() == {"a": b""}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (PutObject("", b""), "its key must be a string that is not empty"),
        (PutObject("ü" * 513, b""), "its key has 1026 bytes in UTF-8 and S3 takes 1024"),
        (DeleteObject("\ud800"), "is no UTF-8"),
        (DeleteObject(7), "its key must be a string"),  # type: ignore[arg-type]  # the mistake in question
        (CopyObject("a", ""), "its source_key must be"),
        (PutObject("a", None), "its body must be bytes, text or a pathlib.Path, not NoneType"),  # type: ignore[arg-type]  # the same
        (PutObject("a", "\ud800"), "text that is no UTF-8"),
        (PutObject("a", Path("/no/such/file")), "the path '/no/such/file', where there is no file"),
        (PutObject("a", b"", content_type="grün"), "its content_type must be printable ASCII"),
        (PutObject("a", b"", metadata={"a": "grün"}), "its metadata 'a' must be printable ASCII"),
        (PutObject("a", b"", metadata={"a": 1}), "its metadata 'a' must be"),  # type: ignore[dict-item]  # the same
        (PutObject("a", b"", metadata="x"), "its metadata must map"),  # type: ignore[arg-type]  # the same
        (PutObject("a", b"", metadata={"a": "x" * 2048}), "its metadata has 2049 bytes and S3 takes 2048"),
        (PutObject("a", b"", bucket=""), "its bucket must be a name or None"),
    ],
)
def test_an_action_with_a_mistake_is_refused_before_anything_is_done(action: Action, told: str) -> None:
    """A mistake in the last action keeps the whole record back, and the failure says which action and what."""
    told_us = _told(PutObject("first", b""), action)
    assert told in told_us
    assert "action 2 of 2" in told_us
    assert "cannot be done, so none was" in told_us
    assert _done(PutObject("first", b""), action, check=False).objects() == {}


def test_an_action_that_fails_ends_its_record() -> None:
    """Where S3 does not do an action, those before it are done, those after it are not, and other records go on."""

    def callback(_name: str, key: str) -> list[Action]:
        source = "missing" if key == "a" else "in"
        return [PutObject(f"{key}/1", b""), CopyObject(f"{key}/2", source), PublishCommand("orders", key, {})]

    done = run(callback, s3_event("a", "b"), objects={"in": b""}, check=False)
    assert {*done.objects()} == {"in", "a/1", "b/1", "b/2"}
    assert [sent.id for sent in done.commands] == ["b"]
    assert "action 2 of 3, CopyObject 'a/2', was not done, nor any after it: MissingKeyError" in str(done.failures[0])


def test_metadata_is_a_copy() -> None:
    """An action keeps the metadata it was made with, whatever becomes of the caller's dict."""
    metadata = {"a": "1"}
    action = PutObject("k", b"", metadata=metadata)
    metadata["a"] = "2"
    assert action.metadata == {"a": "1"}


def test_a_file_is_handed_on_unread(tmp_path: Path) -> None:
    """The body of a PutObject that is a path reaches S3's client as an open file, which is closed afterwards."""
    (tmp_path / "big").write_bytes(b"content")
    bodies: list[Any] = []

    class Watching(Bucket):
        def put_object(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on as it is
            bodies.append(request["Body"])
            return super().put_object(**request)

    make_handler(lambda _name, _key: [PutObject("k", tmp_path / "big")], s3=Watching())(s3_event("a"), None)
    assert bodies[0].closed
