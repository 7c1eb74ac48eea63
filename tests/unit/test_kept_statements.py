from pathlib import Path

import pytest

from task_deployer.errors import ManifestError
from task_deployer.kept_statements import StatementKeeper
from task_deployer.manifest import Manifest
from task_deployer.records import Record
from task_deployer.resources.base import Address
from tests.builders import ACCOUNT

FUNCTION = "media-dev-ingest"
THEIRS = {"Sid": "theirs", "Effect": "Allow"}
OURS = {"Sid": "AllowS3Invoke-uploads", "Effect": "Allow"}
STAND_IN = {"Sid": "Next_S3Invoke-uploads", "Effect": "Allow"}


@pytest.fixture
def keeper(tmp_path: Path) -> StatementKeeper:
    """Keeps beside a manifest that records one permission of ours."""
    journal = Manifest(tmp_path / "media.dev.json", "media", "dev", ACCOUNT)
    identity = {"function": FUNCTION, "statement": OURS["Sid"]}
    journal.put(Address("permission.ingest.uploads"), Record("permission", identity))
    return StatementKeeper(journal.path)


def test_what_is_kept_is_had_back(keeper: StatementKeeper) -> None:
    """Of the statements those of others are kept: ours, and what stands in for one of ours, come with `up`."""
    place = keeper.keep(FUNCTION, [OURS, THEIRS, STAND_IN])
    assert Path(place).is_file()
    assert ([THEIRS], frozenset({FUNCTION})) == ([*keeper.kept(FUNCTION)], keeper.functions())


def test_another_function_s_statements_are_others(keeper: StatementKeeper) -> None:
    """An id is ours in the policy of its own function alone."""
    keeper.keep("media-dev-report", [OURS])
    assert [OURS] == keeper.kept("media-dev-report")


def test_nothing_of_others_leaves_no_file(keeper: StatementKeeper) -> None:
    """Where nothing of others is left to keep, what was kept goes, and nothing is written for ours."""
    assert "" == keeper.keep(FUNCTION, [OURS])
    assert not (keeper.manifest.parent / "statements").exists()
    keeper.keep(FUNCTION, [THEIRS])
    assert "" == keeper.keep(FUNCTION, [])
    assert ((), frozenset()) == (keeper.kept(FUNCTION), keeper.functions())


def test_stacks_share_the_folder(keeper: StatementKeeper) -> None:
    """The run of one manifest neither sees nor removes what is another's, for a function of one name either."""
    another = StatementKeeper(keeper.manifest.with_name("elsewhere.dev.json"))
    another.keep(FUNCTION, [THEIRS])
    keeper.keep(FUNCTION, [THEIRS])
    keeper.tidy([])
    assert (frozenset(), frozenset({FUNCTION})) == (keeper.functions(), another.functions())


def test_tidying_leaves_what_is_still_recorded(keeper: StatementKeeper) -> None:
    """What is kept of functions that are gone goes, with what a killed run was writing, and the folder at last."""
    place = Path(keeper.keep(FUNCTION, [THEIRS]))
    place.with_name(f".{place.name}.new").write_text("{")
    keeper.tidy([FUNCTION])
    assert [place] == list(place.parent.iterdir())
    keeper.tidy([])
    assert not place.parent.exists()


def test_what_cannot_be_kept_is_told(keeper: StatementKeeper) -> None:
    """A disk that takes no file is an error with advice: then the function must not be deleted."""
    (keeper.manifest.parent / "statements").write_text("in the way")
    with pytest.raises(ManifestError, match="cannot be kept") as caught:
        keeper.keep(FUNCTION, [THEIRS])
    assert "run the same command again" in caught.value.hint


@pytest.mark.parametrize("text", ["{", "{}", '{"version": 2, "statements": []}', '{"version": 1, "statements": [1]}'])
def test_what_is_broken_is_never_taken_for_nothing(keeper: StatementKeeper, text: str) -> None:
    """A file that holds no statements in a format that is known is an error that names it."""
    place = Path(keeper.keep(FUNCTION, [THEIRS]))
    place.write_text(text)
    with pytest.raises(ManifestError) as caught:
        keeper.kept(FUNCTION)
    assert str(place) in caught.value.summary
