"""What is renamed in the config and has the same name at AWS is the same thing."""

from tests.integration.account import Account
from tests.integration.project import Project

STACK = '[stack]\nname = "media"\nregion = "eu-central-1"\n'
DATA = "media-prod-data"


def one_task(task: str = "ingest", key: str = "uploads", *settings: str, topics: str = "") -> str:
    """A stack with one task and one bucket that has a name of its own."""
    table = "\n".join([f'[tasks.{task}.buckets.{key}]\nmode = "Read"\nname = "{DATA}"', *settings])
    job = f'[tasks.{task}]\nsource = "src"\ncallback = "handler:handle_event"\n{topics}'
    return f"{STACK}{job}\n{table}\n"


def fill(account: Account) -> None:
    """Put what must not be lost into the bucket."""
    account.s3.put_object(Bucket=DATA, Key="precious", Body=b"x")


def test_a_bucket_moves_with_its_documents(project: Project, account: Account) -> None:
    """A new task and key with the same bucket is said in the plan, and neither the bucket nor its settings change."""
    project.configure(one_task("ingest", "uploads", "versioning = true", "expire_days = 3"))
    project.succeed("up")
    fill(account)
    tags = account.tags_of_bucket(DATA)
    project.configure(one_task("importer", "incoming", "versioning = true", "expire_days = 3"))

    assert "(recorded as bucket.ingest.uploads until now)" in project.succeed("plan").out
    ran = project.succeed("up", "--json", "--yes")
    of_buckets = {a: done for a, done in ran.actions.items() if a.split(".")[0] in ("bucket", "versioning")}
    assert set(of_buckets.values()) == {"keep"}
    assert ran.actions[f"notifications.{DATA}"] == "update"
    assert account.s3.get_object(Bucket=DATA, Key="precious")["Body"].read() == b"x"
    assert tags == account.tags_of_bucket(DATA)
    assert account.s3.get_bucket_versioning(Bucket=DATA)["Status"] == "Enabled"
    assert project.succeed("up", "--json").document["api_calls"]["mutating"] == 0


def test_what_is_ours_is_not_used_as_somebody_elses(project: Project, account: Account) -> None:
    """A renamed key that attaches to our own bucket is refused with both addresses, and the way that is told works."""
    project.configure(one_task())
    project.succeed("up")
    project.configure(one_task("ingest", "incoming", "existing = true"))
    for words in (["plan"], ["up", "--yes"], ["up", "--yes", "--keep-buckets"], ["adopt", "--yes"]):
        refusal = project.refused(*words, code=5)
        assert "bucket.ingest.uploads: " in refusal["detail"]
        assert "bucket.ingest.incoming, as somebody else's" in refusal["detail"]
        assert "task-deploy state forget bucket.ingest.uploads" in refusal["hint"]

    project.succeed("state", "forget", "bucket.ingest.uploads", "--yes")
    project.succeed("up", "--yes")
    project.succeed("down", "--yes")
    assert f"bucket {DATA}" in account.listing()


def test_our_own_queue_is_not_used_as_somebody_elses(project: Project, account: Account) -> None:
    """A topic that is renamed and refers to the queue of the former one does not lose it."""
    project.configure(one_task() + topics_of("orders"))
    project.succeed("up")
    project.configure(one_task() + topics_of("purchases") + 'queue = "media-dev-orders.fifo"\n')
    refusal = project.refused("up", "--yes", code=5)
    assert "queue.orders" in refusal["detail"]
    assert "queue.purchases" in refusal["detail"]
    assert "without `queue`" in refusal["hint"]
    assert "queue media-dev-orders.fifo" in account.listing()


def topics_of(topic: str) -> str:
    """A command topic."""
    return f"[command_topics.{topic}]\n"


def test_adopt_records_nothing_twice(project: Project, account: Account) -> None:
    """`adopt` after a renaming moves the record, so that `up` has no second one to delete the bucket by."""
    project.configure(one_task())
    project.succeed("up")
    fill(account)
    project.configure(one_task("importer"))
    assert project.succeed("adopt", "--yes", "--json").actions["bucket.importer.uploads"] == "keep"
    listed = project.succeed("state", "list").out
    assert listed.count("bucket.importer.uploads ") == 1
    assert "bucket.ingest.uploads " not in listed
    ran = project.succeed("up", "--yes", "--empty-buckets", "--json")
    assert ran.actions["bucket.importer.uploads"] == "keep"
    assert account.s3.get_object(Bucket=DATA, Key="precious")["Body"].read() == b"x"


def test_rules_are_renamed_with_their_task(project: Project, account: Account) -> None:
    """The `up` that moves a bucket gives its CORS rules the new ids, once; tags that others replace then do no harm."""
    way = "events = []"
    project.configure(one_task("ingest", "uploads", way))
    project.succeed("up")
    assert ["media-dev-ingest-uploads-1"] == cors_ids(account)

    project.configure(one_task("importer", "incoming", way))
    assert "CORSRules[1].ID" in project.succeed("plan").out
    project.succeed("up", "--yes")
    assert ["media-dev-importer-incoming-1"] == cors_ids(account)
    assert 0 == project.succeed("up", "--json").document["api_calls"]["mutating"]

    replace_tags(account)
    assert {"bucket_tags.importer.incoming"} == set(project.succeed("up", "--json").differing)
    replace_tags(account)
    project.succeed("down", "--yes")
    assert f"bucket {DATA}" not in account.listing()


def test_a_bucket_that_moves_is_known_by_its_former_ids(project: Project, account: Account) -> None:
    """Where others replaced the tags before a renaming, the ids that were written under the old address tell of us."""
    way = "events = []"
    project.configure(one_task("ingest", "uploads", way))
    project.succeed("up")
    replace_tags(account)
    project.configure(one_task("importer", "uploads", way))
    assert "ok       plan: `up` would change" in project.run("doctor").out
    project.succeed("up", "--yes")
    assert "media" == account.tags_of_bucket(DATA)["task-deployer:stack"]
    assert ["media-dev-importer-uploads-1"] == cors_ids(account)


def cors_ids(account: Account) -> list[str | None]:
    """The ids of the bucket's CORS rules."""
    return [rule.get("ID") for rule in account.s3.get_bucket_cors(Bucket=DATA)["CORSRules"]]


def replace_tags(account: Account) -> None:
    """Somebody sets a tag of his own, and with it takes ours away."""
    account.s3.put_bucket_tagging(Bucket=DATA, Tagging={"TagSet": [{"Key": "cost", "Value": "1"}]})
