"""When a process was started: what tells it from a later one with the same number."""

import subprocess
from pathlib import Path

_PROC = Path("/proc")
_PS = "/bin/ps"
_LONGEST = 5  # seconds that `ps` may take


def started(pid: int, proc: Path = _PROC) -> str:
    """When a process was started, in the system's own words; "dead" for a zombie, empty for nobody or if unknown.

    A process that was killed stays in the table until its parent looks, as a zombie: it holds nothing any more.
    Linux says it in `proc`; where that is not there, as on macOS, `ps` does.
    """
    return _by_proc(pid, proc) if (proc / "self").exists() else _by_ps(pid)


def _by_proc(pid: int, proc: Path) -> str:
    """By Linux's count of ticks since this boot."""
    try:
        state, *fields = (proc / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return "dead" if state in "ZX" else f"{boot} {fields[18]}"
    except (OSError, ValueError, IndexError):
        return ""


def _by_ps(pid: int) -> str:
    """By the clock, to the second. Both keywords have been in BSD's `ps` for ever, and in macOS's; POSIX has neither.

    `ps` writes a date in the words and the time zone of whoever asks: two runs of one user may differ in both.
    """
    command = [_PS, "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    environment = {"LC_ALL": "C", "TZ": "UTC"}
    try:
        told = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_LONGEST, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, when = told.strip().partition(" ")
    return "dead" if state.startswith("Z") else " ".join(when.split())
