"""Writes the transcript of `task-deploy demo` into the README, between its two marks."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(?<=<!-- demo:begin -->\n).*?(?=<!-- demo:end -->)", re.DOTALL)


def transcript() -> str:
    """Run the demo as a user would, and return what it prints. Raises `CalledProcessError` if it fails."""
    command = [str(Path(sys.executable).with_name("task-deploy")), "demo", "--no-color"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def block(words: str) -> str:
    """The transcript as it stands in the README."""
    return f"<details><summary>What you will see</summary>\n\n```text\n{words}\n```\n\n</details>\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda _: block(transcript()), text), encoding="utf-8")
