import pytest

from task_deployer.tags import as_pairs, belongs_to_another, owner_of, tags_of

OURS = tags_of("media", "dev", "lineage", {"team": "content"})


def test_ours_win() -> None:
    """A thing bears the tool's three tags and the user's; no user's tag takes the place of the tool's."""
    assert tags_of("media", "dev", "l", {"task-deployer:env": "prod", "team": "content"}) == {
        "task-deployer:stack": "media",
        "task-deployer:env": "dev",
        "task-deployer:manifest": "l",
        "team": "content",
    }


@pytest.mark.parametrize(
    ("found", "another"),
    [
        (OURS, False),
        ({**OURS, "task-deployer:manifest": "an older one"}, False),
        ({**OURS, "task-deployer:env": "prod"}, True),
        ({**OURS, "task-deployer:stack": "other"}, True),
        ({"Name": "theirs"}, True),
        ({}, True),
    ],
)
def test_stack_and_environment_say_whose_it_is(found: dict[str, str], another: bool) -> None:  # noqa: FBT001 - a row's field
    """What bears our stack and environment is this stack's, even if its manifest was lost."""
    assert belongs_to_another(found, OURS) is another


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (OURS, "its tags say stack 'media', environment 'dev'"),
        ({"b": "2", "a": "1"}, "its tags are a=1, b=2"),
        ({}, "it bears no tags"),
    ],
)
def test_the_owner_in_words(found: dict[str, str], told: str) -> None:
    """Whose tags a thing bears is told from the tags alone."""
    assert owner_of(found) == told


def test_pairs_are_sorted() -> None:
    """Tags go to AWS in one order, so that the same wish is the same call."""
    assert as_pairs({"b": "2", "a": "1"}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
