import ast
import re
from pathlib import Path

import task_runtime
import task_runtime.testing
from task_runtime import settings

HERE = Path(__file__).parent
LOCAL = HERE.parents[1] / "local"
PAGE = (HERE.parents[2] / "docs" / "runtime.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there() -> None:
    """Each rule of docs/runtime.md names tests, and each of these exists in its file."""
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)
    assert len(named) > 60
    for file, test in named:
        folder = HERE if (HERE / file).exists() else LOCAL
        tree = ast.parse((folder / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{test}"


def test_every_row_of_the_checklist_is_held() -> None:
    """Rows 33 to 45 of the checklist appear in the table, and no line of it is without a test."""
    table = PAGE.partition("## Every rule")[2]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("|")][2:]
    assert {str(row) for row in range(33, 46)} <= {cells[2].strip() for cells in lines}
    assert all("::" in cells[3] for cells in lines)


def test_every_setting_is_documented() -> None:
    """Each environment variable that the runtime reads stands in the page."""
    for variable in (
        settings.TOPICS,
        settings.BUCKETS,
        settings.CONCURRENCY,
        settings.SKIP_STALE,
        settings.METRICS_NAMESPACE,
        "LOG_LEVEL",
    ):
        assert f"`{variable}`" in PAGE


def test_every_public_name_is_documented() -> None:
    """What the runtime and its testing part export stands in the page, but for what the names of others show."""
    for name in {*task_runtime.__all__, *task_runtime.testing.__all__} - {"Run", "Sent", "Topics", "Bucket"}:
        assert name in PAGE
