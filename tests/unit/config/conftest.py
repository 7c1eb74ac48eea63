from pathlib import Path

import pytest

from tests.unit.config.project import HANDLER, Project, valid


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make a project with a valid configuration, and work in it."""
    monkeypatch.chdir(tmp_path)
    for folder in ("config", "lambda_src"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lambda_src" / "handler.py").write_text(HANDLER)
    made = Project(tmp_path)
    made.write(valid())
    return made
