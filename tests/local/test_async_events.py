import pytest

from task_deployer.local.async_events import Condition, next_step
from task_deployer.local.function import AsyncConfig


@pytest.mark.parametrize(
    ("attempts", "tries", "age", "expected"),
    [
        (2, 1, 0.0, 1.0),
        (2, 2, 1.0, 2.0),
        (2, 3, 3.0, "RetriesExhausted"),
        (0, 1, 0.0, "RetriesExhausted"),
        (1, 2, 1.0, "RetriesExhausted"),
        (2, 1, 59.5, "EventAgeExceeded"),
        (2, 1, 58.0, 1.0),
    ],
)
def test_a_failed_event_is_tried_again_until_tries_or_age_run_out(
    attempts: int, tries: int, age: float, expected: float | Condition
) -> None:
    """After the first try come `attempts` more, each after its wait, unless the event would be too old by then."""
    assert expected == next_step(AsyncConfig(attempts=attempts, max_age_seconds=60), tries, age, (1.0, 2.0))
