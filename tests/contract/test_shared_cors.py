"""CORS rules of ours in a document that others share with us."""

from dataclasses import replace

import pytest

from task_deployer.aws import Aws
from task_deployer.care import Care, Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.resources.cors import Cors, CorsRule, SeenCors
from tests.aws import new_name, watched
from tests.contract.wishes import bucket
from tests.invariants import assert_absent, assert_in_sync


def rule(rule_id: str, origin: str = "https://app.example.com") -> CorsRule:
    """One rule."""
    return CorsRule(rule_id, (origin,), ("GET",))


def shared(aws: Aws, *ids: str) -> Cors:
    """Two rules of ours, wanted on somebody else's bucket that has rules with these ids: `1` and `2` are ours."""
    name = new_name()
    bucket(name).create(aws)
    put(aws, name, *(rule(f"{name}-{one}" if one.isdigit() else one) for one in ids))
    return Cors(name, bucket(name, existing=True), (rule(f"{name}-1"), rule(f"{name}-2")), shared=True)


def put(aws: Aws, name: str, *rules: CorsRule) -> None:
    """Write a document, as somebody else may."""
    if rules:
        aws.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [one.render() for one in rules]})


def ids(aws: Aws, cors: Cors) -> list[str]:
    """The ids in the document, in their order; ours by their number."""
    rules = aws.s3.get_bucket_cors(Bucket=cors.bucket.name)["CORSRules"]
    return [str(one.get("ID")).removeprefix(f"{cors.bucket.name}-") for one in rules]


@pytest.mark.parametrize(
    ("there", "after"),
    [
        ((), ["1", "2"]),
        (("a", "b"), ["a", "b", "1", "2"]),
        (("a", "1", "b", "2", "c"), ["a", "1", "b", "2", "c"]),
        (("1", "a"), ["1", "a", "2"]),
        (("2", "a", "1", "b"), ["1", "a", "2", "b"]),
        (("a", "1", "3", "b"), ["a", "1", "2", "b"]),
    ],
)
def test_the_first_rule_that_matches_wins(aws: Aws, there: tuple[str, ...], after: list[str]) -> None:
    """Rules of others keep their order, ours their places among them and the order that the config gives them."""
    wanted = shared(aws, *there)
    seen = Cors.observe(aws, {**wanted.identity, "entries": " ".join(f"{wanted.bucket.name}-{n}" for n in (1, 2, 3))})
    if isinstance(seen, SeenCors) and seen.rules:
        wanted.update(aws, seen)
    else:
        wanted.create(aws)
    assert after == ids(aws, wanted)
    Cors.delete(aws, wanted.identity)
    assert_absent(aws, wanted)


def test_a_second_put_changes_nothing(aws: Aws) -> None:
    """To write the rules again is to write the same document; what is as wanted needs no write."""
    wanted = shared(aws, "a")
    wanted.create(aws)
    wanted.create(aws)
    assert ["a", "1", "2"] == ids(aws, wanted)
    assert_in_sync(aws, wanted)


def test_a_rule_of_others_that_came_meanwhile_is_not_written_over(aws: Aws) -> None:
    """A rule with our id that says something else, and was not there when we looked, is refused and stays."""
    wanted = shared(aws)
    put(aws, wanted.bucket.name, rule(f"{wanted.bucket.name}-1", "https://theirs.example.com"))
    with watched(aws) as asked, pytest.raises(SafetyError, match="an id of ours"):
        wanted.create(aws)
    assert [] == asked.mutating


def test_rules_of_others_that_change_while_we_write_are_told(aws: Aws) -> None:
    """There is no lock on the document: if rules of others are not as they were after our write, that is said."""
    wanted = shared(aws, "a")

    def interfere(**_: object) -> None:
        events.unregister("after-call.s3.PutBucketCors", interfere)
        put(aws, wanted.bucket.name, rule("b"), *wanted.rules)

    events = aws.s3.meta.events
    events.register("after-call.s3.PutBucketCors", interfere)
    told: list[Remark] = []
    wanted.create(aws.caring_with(Care(tell=told.append)))
    assert ["foreign-rules-changed"] == [remark.code for remark in told]
    assert ["b", "1", "2"] == ids(aws, wanted)


@pytest.mark.parametrize("times", [1, 2])
def test_another_writer_who_had_read_before_us(aws: Aws, times: int) -> None:
    """Where another puts his older copy over ours, ours are put once more; where he does so again, it is said."""
    wanted, left = shared(aws, "a"), [times]

    def overwrite(**_: object) -> None:
        if left[0] and writing:
            left[0] -= 1
            writing.clear()
            put(aws, wanted.bucket.name, rule("a"), rule("b"))
            writing.append(True)

    writing, events = [True], aws.s3.meta.events
    events.register("after-call.s3.PutBucketCors", overwrite)
    try:
        if times == 1:
            wanted.create(aws)
            assert ["a", "b", "1", "2"] == ids(aws, wanted)
        else:
            with pytest.raises(ResourceError, match="Another writer undoes"):
                wanted.create(aws)
    finally:
        events.unregister("after-call.s3.PutBucketCors", overwrite)


def test_a_rule_with_our_id_that_comes_after_our_write(aws: Aws) -> None:
    """Once ours were put a refusal would forget them, so it is a failure instead: the record stays, and they can go."""
    wanted = shared(aws, "a")
    name = wanted.bucket.name

    def take_an_id(**_: object) -> None:
        events.unregister("after-call.s3.PutBucketCors", take_an_id)
        put(aws, name, rule("a"), rule(f"{name}-1", "https://theirs.example.com"), wanted.rules[1])

    events = aws.s3.meta.events
    events.register("after-call.s3.PutBucketCors", take_an_id)
    with pytest.raises(ResourceError, match="Another writer undoes"):
        wanted.create(aws)
    assert ["a", "1", "2"] == ids(aws, wanted)


def test_a_removal_is_seen_through(aws: Aws) -> None:
    """Where another puts our rules back from his older copy while we remove them, they are removed once more."""
    wanted = shared(aws, "a")
    wanted.create(aws)

    def restore(**_: object) -> None:
        events.unregister("after-call.s3.PutBucketCors", restore)
        put(aws, wanted.bucket.name, rule("a"), *wanted.rules, rule("b"))

    events = aws.s3.meta.events
    events.register("after-call.s3.PutBucketCors", restore)
    Cors.delete(aws, wanted.identity)
    assert ["a", "b"] == ids(aws, wanted)


@pytest.mark.parametrize(("others", "refused"), [(98, False), (99, True)])
def test_a_document_without_room_is_refused_beforehand(aws: Aws, others: int, refused: bool) -> None:  # noqa: FBT001 - a row's field
    """S3 takes 100 rules: whether ours still fit is said from what was read, before anything is written."""
    wanted = shared(aws, *(f"rule-{letter}" for letter in range(others)))
    seen = Cors.observe(aws, wanted.identity)
    refusals = wanted.refusals(seen, ())
    assert refused == any("no room" in refusal.what for refusal in refusals)
    assert () == replace(wanted, rules=()).refusals(seen, ())
