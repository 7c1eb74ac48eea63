from typing import Any

import pytest

from task_runtime import make_handler


def _nothing(_name: str, _key: str) -> None: ...


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("TASK_RUNTIME_CONCURRENCY", "0", "whole number from 1 to 1000, not 0"),
        ("TASK_RUNTIME_CONCURRENCY", "many", "not 'many'"),
        ("TASK_RUNTIME_CONCURRENCY", "-1", "not '-1'"),
        ("TASK_RUNTIME_CONCURRENCY", "1001", "not 1001"),
        ("TASK_RUNTIME_SKIP_STALE", "perhaps", "must be true or false, not 'perhaps'"),
        ("TASK_DEPLOY_BUCKETS", "[]", "no JSON object of bucket names and modes"),
        ("TASK_DEPLOY_BUCKETS", "{", "TASK_DEPLOY_BUCKETS is no JSON"),
        ("TASK_DEPLOY_BUCKETS", '{"b": "read"}', "the bucket 'b' has mode 'read'; a mode is one of Read, Write, ReadW"),
    ],
)
def test_a_broken_setting_is_told_at_once(variable: str, text: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that makes no sense is refused when the handler is made, by name, and shown."""
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValueError, match=told):
        make_handler(_nothing)


@pytest.mark.parametrize("setting", [{"concurrency": 0}, {"concurrency": "3"}, {"buckets": {"b": "Writ"}}])
def test_a_broken_parameter_is_told_at_once(setting: dict[str, Any]) -> None:
    """The same holds for the parameters."""
    with pytest.raises(ValueError, match=r"whole number|a mode is one of"):
        make_handler(_nothing, **setting)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TASK_RUNTIME_CONCURRENCY", ""),
        ("TASK_RUNTIME_CONCURRENCY", "1000"),
        ("TASK_RUNTIME_SKIP_STALE", "No"),
        ("TASK_RUNTIME_SKIP_STALE", "1"),
        ("TASK_DEPLOY_BUCKETS", ""),
        ("TASK_DEPLOY_BUCKETS", '{"b": "ReadWrite"}'),
    ],
)
def test_a_good_setting_is_taken(variable: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values in the documented range are taken, and an empty variable is the default."""
    monkeypatch.setenv(variable, text)
    assert make_handler(_nothing)({"Records": []}, None) == {"records": 0, "commands": 0}
