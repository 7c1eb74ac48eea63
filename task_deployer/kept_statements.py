"""What others may do with a function, kept beside the manifest for as long as the function is made anew.

DeleteFunction takes the statements of others along, and until they are back a process that dies would lose them for
ever. A worker writes one file for each function, which nobody else writes; the next `up` puts back what it holds.
"""

import glob
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from task_deployer import manifest
from task_deployer.errors import ManifestError
from task_deployer.manifest_file import put_in_place
from task_deployer.resources.permission import Permission, statement_ids

_FOLDER = "statements"
_VERSION = 1


@dataclass(frozen=True)
class StatementKeeper:
    """Keeps statements for the stack of one manifest: those that it does not record as the stack's own."""

    manifest: Path

    def keep(self, function: str, statements: Sequence[Mapping[str, object]]) -> str:
        """Keep those of others among these and nothing else; returns the place, none where there are none.

        They are on disk when this returns. Raises `ManifestError` if they cannot be kept.
        """
        ours, path = self._ours(function), self._path(function)
        theirs = [one for one in statements if one.get("Sid") not in ours]
        text = json.dumps({"version": _VERSION, "function": function, "statements": theirs}, indent=2) + "\n"
        try:
            if not theirs:
                path.unlink(missing_ok=True)
                return ""
            put_in_place(path, text, _beside(path))
        except OSError as error:
            raise ManifestError(
                f"The statements of others in the policy of the function {function} cannot be kept in {path}",
                detail=f"{error.strerror}. A function is not deleted to be made anew unless they are.",
                hint="Make room or give the right to write, then run the same command again: it goes on from there.",
            ) from error
        return str(path)

    def kept(self, function: str) -> Sequence[Mapping[str, object]]:
        """What is kept of a function. Raises `ManifestError` for a file that is broken: it is never taken for none."""
        path = self._path(function)
        try:
            return _parse(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(
                f"The kept statements {path} cannot be read",
                detail=f"{type(error).__name__}: {error}. They are those of others in the policy of the function "
                f"{function}. They were not changed.",
                hint="Mend the file, or remove it to give them up; then run `task-deploy up` again.",
            ) from error

    def functions(self) -> frozenset[str]:
        """The functions of which something is kept."""
        end = self._path("").name
        return frozenset(path.name.removesuffix(end) for path in self._folder.glob(f"[!.]*{glob.escape(end)}"))

    def tidy(self, functions: Collection[str]) -> None:
        """Remove what is kept of any but these functions, what a killed run was writing, and the folder if empty."""
        for function in self.functions() - set(functions):
            self._path(function).unlink(missing_ok=True)
        for path in self._folder.glob(f".*{glob.escape(_beside(self._path('')).name.removeprefix('.'))}"):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # others keep something there, or nobody does
            self._folder.rmdir()

    @property
    def _folder(self) -> Path:
        return self.manifest.parent / _FOLDER

    def _path(self, function: str) -> Path:
        """Functions of one name in several regions or accounts have manifests of their own; no name holds a `~`."""
        return self._folder / f"{function}~{self.manifest.name}"

    def _ours(self, function: str) -> frozenset[object]:
        """The ids of what the manifest records, as it is on disk: intents are there before the calls."""
        journal = manifest.read(self.manifest)
        records = journal.records.values() if journal else ()
        mine = [r.identity for r in records if r.kind == Permission.kind and r.identity["function"] == function]
        return frozenset(one for identity in mine for one in statement_ids(identity))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _parse(found: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    statements = found["statements"]
    if found["version"] != _VERSION:
        raise ValueError(f"its format is {found['version']}; this release knows {_VERSION}")
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise TypeError("it holds no statements")
    return statements
