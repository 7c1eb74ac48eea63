from typing import TYPE_CHECKING, Final

import pytest

from tests.local.deployed import Deployed, deploy

if TYPE_CHECKING:
    from tests.local.conftest import Lab

CONFIG: Final = """\
[stack]
name = "{name}"
region = "eu-central-1"

[command_topics.seen]
fifo = false

[tasks.ingest]
source = "src"
callback = "handler:handle"
command_topics = ["seen"]

[tasks.ingest.buckets.uploads]
mode = "Read"
"""

HANDLER: Final = """\
from task_runtime import PublishCommand


def handle(name, key, event):
    with event.open() as content:
        return [PublishCommand("seen", id=key, command={"key": key, "content": content.read().decode()})]
"""

LONGEST: Final = 1024  # bytes of UTF-8 in a key, S3's limit
KEYS: Final = {
    "plain": "in/a.csv",
    "spaces": " two  spaces and one at the end ",
    "plus": "1+1=2 + more",
    "percent": "100% of %20 and %2B, %C3%BC and %zz",
    "quotes": 'O\'Brien "quoted" `ticks`',
    "marks": "a&b=c?d#e;f:g,h@i$j!k*(l)[m]{n}|o\\p^q~r<s>.csv",
    "unicode": "Öffnungszeiten/料金表/прайс.csv",
    "decomposed": "u\u0308 is not \u00fc",
    "emoji": "👩‍🚀/🪐.jpg",
    "slashes": "a//b/",
    "control": "tab\there",
    "longest": "long name +%/".ljust(LONGEST, "x"),
    "longest in unicode": "é" * (LONGEST // 2),
}


@pytest.fixture(scope="module")
def stack(lab: "Lab", tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A task that tells the key it was called with, and what the object of that key holds."""
    return deploy(lab, tmp_path_factory.mktemp("keys"), CONFIG, HANDLER)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_reaches_the_callback_as_it_was_uploaded(stack: Deployed, key: str) -> None:
    """Whatever a key is made of, the callback gets it to the letter, and opens the object that bears it."""
    stack.upload(key, b"content of " + key.encode())
    (seen,) = stack.commands("seen", 1)
    assert {"key": key, "content": f"content of {key}"} == seen["command"]
    assert key == seen["id"]
