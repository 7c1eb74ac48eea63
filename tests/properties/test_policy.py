from collections.abc import Iterable, Mapping
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from task_deployer.config import BucketConfig
from task_deployer.policy import Document, Statement, by_statement, canonical, merge
from task_deployer.task_policy import Queues, statements

words = st.lists(st.sampled_from("abcd"), max_size=3).map(tuple)
conditions = st.lists(
    st.tuples(st.sampled_from(["StringEquals", "ArnLike"]), st.sampled_from("kl"), st.sampled_from("vw")),
    max_size=3,
    unique_by=lambda triple: triple[:2],
).map(tuple)
statement_lists = st.lists(
    st.builds(Statement, st.sampled_from("STUVW"), words.filter(bool), words, conditions),
    max_size=4,
    unique_by=lambda s: s.sid,
)
Grant = tuple[object, object, str]


def granted(document: Document) -> set[Grant]:
    """Every pair of action and resource that the document allows, with the conditions for it."""
    rendered = document["Statement"]
    assert isinstance(rendered, list)
    return {
        (action, resource, repr(sorted(_flat(item.get("Condition", {})))))
        for item in rendered
        for action, resource in product(item["Action"], item["Resource"])
    }


def _flat(conditions: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str, str]]:
    return ((operator, key, value) for operator, tests in conditions.items() for key, value in tests.items())


@given(statement_lists)
def test_a_merge_neither_widens_nor_narrows(given_statements: list[Statement]) -> None:
    """A merged document grants exactly what its statements grant, each under its own conditions."""
    wanted = {
        (action, resource, repr(sorted(s.condition)))
        for s in given_statements
        for action, resource in product(s.actions, s.resources)
    }
    assert granted(merge(given_statements)) == wanted


@given(statement_lists.flatmap(lambda one: st.tuples(st.just(one), st.permutations(one))))
def test_a_merge_does_not_depend_on_order(orders: tuple[list[Statement], list[Statement]]) -> None:
    """In whatever order statements come, the same ids say the same."""
    given_statements, shuffled = orders
    assert by_statement(merge(shuffled)) == by_statement(merge(given_statements))
    assert granted(merge(shuffled)) == granted(merge(given_statements))


@given(statement_lists)
def test_the_canonical_form_is_its_own(given_statements: list[Statement]) -> None:
    """The canonical form of a canonical form is the same: whatever AWS gives back compares as what was sent."""
    form = canonical(merge(given_statements))
    assert canonical(form) == form


buckets = st.lists(
    st.tuples(
        st.sampled_from(["arn:aws:s3:::one", "arn:aws:s3:::two", "arn:aws:s3:::three"]),
        st.builds(
            lambda mode, versioning: BucketConfig.model_validate({"mode": mode, "versioning": versioning}),
            st.sampled_from(["Read", "Write", "ReadWrite"]),
            st.booleans(),
        ),
    ),
    max_size=4,
)


@given(buckets)
def test_a_task_may_do_what_its_modes_say(given_buckets: list[tuple[str, BucketConfig]]) -> None:
    """On each bucket a task may read if some mode says so and write if some mode says so, and on no other bucket."""
    grants = granted(merge(statements("arn:logs", given_buckets, Queues())))
    may = {(action, resource) for action, resource, _ in grants}
    for arn in ("arn:aws:s3:::one", "arn:aws:s3:::two", "arn:aws:s3:::three"):
        modes = {settings.mode for bucket, settings in given_buckets if bucket == arn}
        reads, writes = bool(modes & {"Read", "ReadWrite"}), bool(modes & {"Write", "ReadWrite"})
        assert (("s3:GetObject", f"{arn}/*") in may) is reads
        assert (("s3:ListBucket", arn) in may) is reads
        assert (("s3:PutObject", f"{arn}/*") in may) is writes
        assert (("s3:DeleteObject", f"{arn}/*") in may) is writes
