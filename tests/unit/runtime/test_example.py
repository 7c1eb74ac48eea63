import importlib
import json
import logging
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from task_runtime import make_handler
from tests.unit.runtime.samples import Queues, event, failure_of, record

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

IMPORTS = {"imports": "https://sqs.eu-central-1.amazonaws.com/123456789012/media-dev-imports.fifo"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """Give a client of an S3 that has one empty bucket, `my-bucket`."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="my-bucket")
        yield client


@pytest.fixture
def example(s3: "S3Client") -> ModuleType:
    """Give the example's module, imported where its S3 client reaches that S3."""
    del s3
    return importlib.reload(importlib.import_module("handler"))


def _commands(example: ModuleType, *records: object) -> list[tuple[str, object]]:
    queues = Queues()
    make_handler(example.handle_event, topics=IMPORTS, sqs=queues)(event(*records), None)
    bodies = [json.loads(request["MessageBody"]) for request in queues.sent]
    return [(body["id"], body["command"]) for body in bodies]


def test_a_csv_file_becomes_one_command_per_row(s3: "S3Client", example: ModuleType) -> None:
    """Each row is one ImportRow in the file's order, named by its first column, for all the BOM, quotes and breaks."""
    s3.put_object(
        Bucket="my-bucket", Key="in/a b.csv", Body='\ufeffsku,name\r\nA-1,"Größe, ""L""\nrot"\r\n,B\r\n'.encode()
    )
    assert _commands(example, record("in/a b.csv")) == [
        (
            "A-1",
            {
                "type": "ImportRow",
                "source": "in/a b.csv",
                "number": 1,
                "row": {"sku": "A-1", "name": 'Größe, "L"\nrot'},
            },
        ),
        ("in/a b.csv#2", {"type": "ImportRow", "source": "in/a b.csv", "number": 2, "row": {"sku": "", "name": "B"}}),
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"sku,name\n", b"sku,name"])
def test_a_file_without_rows_becomes_nothing(s3: "S3Client", example: ModuleType, content: bytes) -> None:
    """An empty file, and one with a header alone, give no command and no failure."""
    s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=content)
    assert _commands(example, record()) == []


def test_ragged_rows_are_kept(s3: "S3Client", example: ModuleType) -> None:
    """A row with too few columns has null for the rest, one with too many keeps them, and a blank line is no row."""
    s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=b"sku,name\nA\n\nB,b,c,d\n")
    rows = [command["row"] for _, command in _commands(example, record()) if isinstance(command, dict)]
    assert rows == [{"sku": "A", "name": None}, {"sku": "B", "name": "b", "more": ["c", "d"]}]


def test_a_long_file_comes_whole_and_in_order(s3: "S3Client", example: ModuleType) -> None:
    """A file that is many reads long gives every row once, in its order."""
    lines = "".join(f"id-{n},{'x' * (n % 97)}\r\n" for n in range(3000))
    s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=f"sku,name\r\n{lines}".encode())
    assert [command_id for command_id, _ in _commands(example, record())] == [f"id-{n}" for n in range(3000)]


def test_the_version_of_the_event_is_read(s3: "S3Client", example: ModuleType) -> None:
    """In a versioned bucket the rows are those of the upload that the event tells of, not of a later one."""
    s3.put_bucket_versioning(Bucket="my-bucket", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=b"sku\nfirst\n")["VersionId"]
    s3.put_object(Bucket="my-bucket", Key="in/a.csv", Body=b"sku\nsecond\n")
    assert [command_id for command_id, _ in _commands(example, record(version_id=first))] == ["first"]


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"])
def test_a_removal_becomes_one_cleanup(example: ModuleType, name: str) -> None:
    """A file that goes becomes one RemoveImport, named by its key, without a look at S3."""
    assert _commands(example, record(name=name)) == [("in/a.csv", {"type": "RemoveImport", "source": "in/a.csv"})]


def test_other_files_become_nothing(example: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is no CSV gives no command, and the log says why."""
    with caplog.at_level(logging.INFO):
        assert _commands(example, record("in/photo.jpg")) == []
    assert "in/photo.jpg is no CSV file, nothing to do" in caplog.text


def test_what_is_no_utf8_fails_alone(s3: "S3Client", example: ModuleType) -> None:
    """A file in another encoding fails its own record; the other file is imported."""
    s3.put_object(Bucket="my-bucket", Key="latin.csv", Body="sku\nGröße\n".encode("latin-1"))
    s3.put_object(Bucket="my-bucket", Key="good.csv", Body=b"sku\nA\n")
    queues = Queues()
    handler = make_handler(example.handle_event, topics=IMPORTS, sqs=queues)
    assert "latin.csv" in str(failure_of(handler, event(record("latin.csv"), record("good.csv"))))
    assert queues.ids == ["A"]
