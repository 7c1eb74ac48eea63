from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from task_deployer.checks import Check, Diagnosis, Verdict, clock, failed, ok, problem, warning
from task_deployer.errors import ConfigError, CredentialsError, ManifestError, SafetyError, TaskDeployError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FINE, ODD = ok("a", "well"), warning("b", "hm", "")
NO_KEYS = failed("credentials", CredentialsError("none"))
NO_CONFIG = failed("config", ConfigError("none"))


def diagnosis(*checks: Check) -> Diagnosis:
    """What these checks come to."""
    return Diagnosis("media", "dev", None, None, checks)


@pytest.mark.parametrize(
    ("checks", "state", "code"),
    [
        ((), Verdict.OK, 0),
        ((FINE, ODD), Verdict.WARNING, 0),
        ((ODD, problem("c", "no", ""), FINE), Verdict.PROBLEM, 1),
        ((problem("c", "no", ""), NO_KEYS), Verdict.PROBLEM, 3),
        ((NO_CONFIG, NO_KEYS), Verdict.PROBLEM, 2),
    ],
)
def test_how_it_ends(checks: tuple[Check, ...], state: Verdict, code: int) -> None:
    """Warnings end with 0; a problem with 1, or with what the config (2) or the credentials (3) end every command."""
    assert (diagnosis(*checks).state, diagnosis(*checks).exit_code) == (state, code)


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("x"), 2), (CredentialsError("x"), 3), (ManifestError("x"), 1), (SafetyError("x"), 1)],
)
def test_an_error_becomes_a_problem(error: TaskDeployError, code: int) -> None:
    """What would stop a command is a problem in the error's own words."""
    error.detail, error.hint = "why", "what next"
    assert failed("it", error) == Check("it", Verdict.PROBLEM, "x\nwhy", "what next", code)


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (0, Verdict.OK, "within a minute"),
        (-60, Verdict.OK, "within a minute"),
        (61, Verdict.WARNING, "61 seconds behind"),
        (-200, Verdict.WARNING, "200 seconds ahead of"),
        (241, Verdict.PROBLEM, "241 seconds behind"),
    ],
)
def test_the_clock(seconds: int, state: Verdict, words: str) -> None:
    """This machine's clock is compared with the date of AWS's answer, before AWS refuses what it signs."""
    check = clock(format_datetime(NOON + timedelta(seconds=seconds), usegmt=True), NOON)
    assert check.state is state
    assert words in check.detail


def test_an_answer_without_a_date() -> None:
    """Without a date nothing is said about the clock."""
    assert clock("", NOON).state is Verdict.WARNING
