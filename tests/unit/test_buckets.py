from itertools import pairwise
from pathlib import Path

from task_deployer.resources import Bucket, Cors
from tests.builders import bucket_table, resources_of


def test_the_cors_rule_of_the_seed(tmp_path: Path) -> None:
    """A bucket of ours has the seed document's rule unless the config says otherwise; its id counts from 1."""
    cors = resources_of(tmp_path)["cors.ingest.uploads"]
    assert isinstance(cors, Cors)
    assert [rule.render() for rule in cors.rules] == [
        {
            "ID": "media-dev-ingest-uploads-1",
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["HEAD", "GET"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["x-amz-server-side-encryption", "x-amz-request-id", "x-amz-id-2", "ETag"],
            "MaxAgeSeconds": 3000,
        }
    ]


def test_documents_that_are_not_asked_for_do_not_appear(tmp_path: Path) -> None:
    """Without versioning and lifecycle a bucket has its tags, its public access block and its CORS rules."""
    found = resources_of(tmp_path, bucket_table(""))
    assert [a for a in found if a.endswith("ingest.uploads")] == [
        "bucket.ingest.uploads",
        "bucket_tags.ingest.uploads",
        "public_access_block.ingest.uploads",
        "cors.ingest.uploads",
        "permission.ingest.uploads",
    ]


def test_no_cors_rules_are_a_wish(tmp_path: Path) -> None:
    """`cors = []` on a bucket of ours wants a document without rules: what others add to it is drift."""
    cors = resources_of(tmp_path, bucket_table("cors = []"))["cors.ingest.uploads"]
    assert isinstance(cors, Cors)
    assert (cors.rules, cors.wants_nothing, cors.shared) == ((), True, False)


def test_documents_are_written_one_after_another(tmp_path: Path) -> None:
    """S3 refuses writes to one bucket that overlap: each document of a bucket waits for the one before it."""
    tables = bucket_table("versioning = true\nexpire_days = 30\nabort_uploads_days = 7")
    found = resources_of(tmp_path, tables)
    chain = ["bucket_tags", "public_access_block", "versioning", "lifecycle", "cors"]
    for before, after in pairwise(chain):
        parents = {parent.address for parent in found[f"{after}.ingest.uploads"].depends_on}
        assert parents == {"bucket.ingest.uploads", f"{before}.ingest.uploads"}


def test_an_existing_bucket_is_left_as_it_is(tmp_path: Path) -> None:
    """An existing bucket gets neither tags nor documents of ours, but our entries and the permission."""
    found = resources_of(tmp_path, bucket_table('existing = true\nname = "theirs"'))
    assert [a for a in found if "uploads" in a or "theirs" in a] == [
        "bucket.ingest.uploads",
        "permission.ingest.uploads",
        "notifications.theirs",
    ]
    assert found["bucket.ingest.uploads"] == Bucket("ingest.uploads", "theirs", "eu-central-1", {}, existing=True)


def test_rules_of_several_tasks_on_one_bucket_are_written_in_a_row(tmp_path: Path) -> None:
    """Two tasks that add CORS rules to one existing bucket write one after the other: at once, one would be lost."""
    extra = 'existing = true\nname = "theirs"\ncors = [{ allowed_origins = ["*"], allowed_methods = ["GET"] }]'
    found = resources_of(tmp_path, bucket_table(extra, "one") + bucket_table(extra, "two"))
    first, second = found["cors.one.uploads"], found["cors.two.uploads"]
    assert first.address not in {parent.address for parent in first.depends_on}
    assert first.address in {parent.address for parent in second.depends_on}
