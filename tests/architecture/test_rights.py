"""Whatever call stands in the sources is allowed to some command: also what few runs ever come to."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from tests.architecture.imports import modules
from tests.builders import ACCOUNT, config_of
from tests.faults.scene import BASE, DELIVERIES
from tests.rights import actions_of, printed

CLIENTS = {"s3": "s3", "iam": "iam", "lambda_": "lambda", "sqs": "sqs", "logs": "logs", "events": "events"}
"""The fields of `Aws` that are clients, and botocore's names of their services."""

SERVICES = (*CLIENTS.values(), "kms", "resourcegroupstaggingapi", "sns")
ELSEWHERE = ("task_deployer.local", "task_deployer.demo", "task_deployer.caller")
"""What speaks to the local AWS, and to STS, whose GetCallerIdentity needs no right."""


@cache
def operations(service: str) -> Mapping[str, tuple[str, str]]:
    """The calls of a service by their methods: its name in botocore's events, and the operation."""
    model = Session().get_service_model(service)
    return {xform_name(name): (model.service_id.hyphenize(), name) for name in model.operation_names}


def calls(path: Path) -> Iterator[set[tuple[str, str]]]:
    """The calls that a module makes or hands on; where the client is not known by its field, each that it may be."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            client = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            yield meant(node.attr, client)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
            yield meant(str(ast.literal_eval(node.args[0])), "")


def meant(method: str, client: str) -> set[tuple[str, str]]:
    """The calls that a method of this name may be."""
    services = [CLIENTS[client]] if client in CLIENTS else SERVICES
    return {operations(service)[method] for service in services if method in operations(service)}


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All that any command is allowed for the widest configs."""
    found = set[str]()
    for number, base in enumerate((BASE, DELIVERIES)):
        tables = base.format(name="media").partition('region = "eu-central-1"\n')[2]
        config = config_of(tmp_path_factory.mktemp(f"project{number}"), tables)
        found |= {action for actions in printed(config, ACCOUNT).values() for action in actions}
    return found


def test_every_call_in_the_sources_is_in_a_printed_policy(allowed: set[str]) -> None:
    """Each call that stands anywhere in the tool takes actions that `policy --deployer` prints for some command."""
    sources = {name: path for name, path in modules().items() if not name.startswith(ELSEWHERE)}
    found = [(name, ways) for name, path in sources.items() for ways in calls(path) if ways]
    assert len(found) > 60
    assert [] == [(name, ways) for name, ways in found if not any(actions_of(*way) <= allowed for way in ways)]
