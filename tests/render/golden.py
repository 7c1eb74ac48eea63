"""What was agreed on, in files: change one by hand when the output is meant to change."""

from pathlib import Path

FOLDER = Path(__file__).with_name("golden")


def golden(name: str) -> str:
    """The text of one golden file."""
    return (FOLDER / name).read_text(encoding="utf-8")
