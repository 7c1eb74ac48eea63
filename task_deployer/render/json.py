"""The one JSON document of `--json`: stable, versioned, on stdout. Pure."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from task_deployer.errors import TaskDeployError
from task_deployer.plan import Change
from task_deployer.resources.base import Difference
from task_deployer.restore import Restored
from task_deployer.result import Result
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

if TYPE_CHECKING:
    from task_deployer.policies import Policies

SCHEMA = 1


def result_document(result: Result) -> dict[str, object]:
    """The result of up, plan, status or down."""
    document: dict[str, object] = {
        "schema": SCHEMA,
        "command": result.command,
        "stack": result.stack,
        "env": result.env,
        "account": result.account,
        "region": result.region,
    }
    if result.state is not None:
        document["state"] = result.state
    states = {standing.change.address: standing.state for standing in result.standings}
    document["changes"] = [
        {**_change(change), "state": states[change.address]} if change.address in states else _change(change)
        for change in result.plan.changes
    ]
    document["outcome"] = {
        "done": len(result.outcome.done),
        "failed": [{"address": failed.change.address, **_failure(failed.error)} for failed in result.outcome.failed],
        "skipped": list(result.outcome.skipped),
    }
    document["outputs"] = result.outputs or {"tasks": {}, "command_topics": {}}
    document["warnings"] = warnings_document(result.warnings)
    document["api_calls"] = {"total": result.calls[0], "mutating": result.calls[1]}
    return document


def restoration_document(restored: Restored) -> dict[str, object]:
    """The result of restore-notifications."""
    kept, plan = restored.kept, restored.plan
    return {
        "schema": SCHEMA,
        "command": "restore-notifications",
        "bucket": kept.bucket,
        "account": kept.account.id,
        "region": kept.account.region,
        "kept": {"file": str(kept.path), "time": kept.time},
        "changes": [
            {"id": part.id, "action": part.action, "kept": part.kept, "found": part.found} for part in plan.entries
        ],
        "outcome": {"done": len(plan.changes)},
        "warnings": [
            {"code": remark.code, "address": remark.address, "message": remark.message} for remark in restored.remarks
        ],
    }


def policies_document(policies: "Policies") -> dict[str, object]:
    """The policies that `policy` prints."""
    where = {"stack": policies.config.stack.name, "env": policies.config.env}
    account = {"account": policies.account.id, "region": policies.account.region}
    named = {policies.key: policies.named, "warnings": warnings_document(policies.warnings)}
    return {"schema": SCHEMA, "command": "policy", **where, **account, **named}


def error_document(error: TaskDeployError) -> dict[str, object]:
    """An error that stopped the command."""
    return {
        "schema": SCHEMA,
        "error": {
            "code": error.exit_code,
            "summary": error.summary,
            "detail": error.detail,
            "hint": error.hint,
        },
    }


def dumps(document: object) -> str:
    """The document as it is printed."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def warnings_document(warnings: Sequence[Warning]) -> list[dict[str, str]]:
    """What to think about."""
    return [{"code": warning.code, "address": warning.address, "message": warning.message} for warning in warnings]


def _change(change: Change) -> dict[str, object]:
    return {
        "address": change.address,
        "kind": change.kind,
        "action": change.action,
        "differences": [_difference(difference) for difference in change.differences],
        "reason": change.reason,
    }


def _difference(difference: Difference) -> dict[str, object]:
    return {"path": difference.path, "wanted": difference.wanted, "found": difference.found}


def _failure(error: TaskDeployError) -> dict[str, object]:
    code = getattr(error, "code", type(error).__name__)
    return {"code": code, "message": f"{error.summary}. {error.detail}".rstrip(". "), "hint": error.hint}
