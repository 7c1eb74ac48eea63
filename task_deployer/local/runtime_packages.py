"""What Lambda's Python brings along: boto3 and the runtime client, apart from all else that is installed here.

A sandbox runs without site-packages. It sees one folder of links to these packages, so that a handler which forgot a
requirement fails here as it would fail on AWS, with Runtime.ImportModuleError.
"""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

_BROUGHT_ALONG = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_RUNTIME_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")


@dataclass(frozen=True)
class Runtime:
    """A folder to import from, and who talks to the Runtime API: AWS's client or the loop of `bootstrap`."""

    folder: Path
    client: Literal["ric", "loop"]


def lay_out(folder: Path, *, client: Literal["ric", "loop"] | None = None) -> Runtime:
    """Links the packages into `folder`; AWS's client is chosen where it is installed (it has Linux wheels only)."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = client or ("ric" if all(find_spec(name) for name in _RUNTIME_CLIENT) else "loop")
    for name in _BROUGHT_ALONG + (_RUNTIME_CLIENT if chosen == "ric" else ()):
        source = _location(name)
        link = folder / source.name
        if not link.is_symlink():
            link.symlink_to(source)
    return Runtime(folder, chosen)


def _location(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name, path=sys.executable)
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin
