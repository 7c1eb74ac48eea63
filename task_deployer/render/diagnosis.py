"""What `doctor` has to say, in words and as JSON. Pure."""

from collections import Counter
from collections.abc import Iterator

from task_deployer.checks import Diagnosis, Verdict
from task_deployer.render.json import SCHEMA
from task_deployer.render.text import Line, Style

_STYLES = {Verdict.OK: Style.PLAIN, Verdict.WARNING: Style.WARN, Verdict.PROBLEM: Style.BAD}


def document(diagnosis: Diagnosis) -> dict[str, object]:
    """The document of `doctor --json`."""
    return {
        "schema": SCHEMA,
        "command": "doctor",
        "stack": diagnosis.stack,
        "env": diagnosis.env,
        "account": diagnosis.account,
        "region": diagnosis.region,
        "state": diagnosis.state,
        "checks": [
            {"name": check.name, "state": check.state, "detail": check.detail, "hint": check.hint}
            for check in diagnosis.checks
        ],
        "api_calls": {"total": diagnosis.calls[0], "mutating": diagnosis.calls[1]},
    }


def lines(diagnosis: Diagnosis) -> Iterator[Line]:
    """Each check on a line, what is wrong with it and what to do next below it; how many of each at the end."""
    yield Line(_where(diagnosis), Style.TITLE)
    for check in diagnosis.checks:
        first, *rest = check.detail.splitlines() or [""]
        yield Line(f"  {check.state:<8} {check.name}: {first}", _STYLES[check.state])
        for line in rest:
            yield Line(f"           {line}")
        if check.hint:
            yield Line(f"           Next: {check.hint}", Style.GOOD)
    counts = Counter(check.state for check in diagnosis.checks)
    told = [
        f"{counts[verdict]} {_plural(verdict, counts[verdict])}" for verdict in reversed(Verdict) if counts[verdict]
    ]
    yield Line(f"Doctor: {', '.join(told)}.", Style.GOOD if diagnosis.state is Verdict.OK else _STYLES[diagnosis.state])


def _where(diagnosis: Diagnosis) -> str:
    name = f"{diagnosis.stack}/{diagnosis.env}" if diagnosis.stack else diagnosis.env
    account = f" in account {diagnosis.account}, {diagnosis.region}" if diagnosis.account else ""
    return name + account


def _plural(verdict: Verdict, number: int) -> str:
    return verdict if verdict is Verdict.OK or number == 1 else f"{verdict}s"
