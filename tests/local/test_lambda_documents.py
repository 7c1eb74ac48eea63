"""Functions and their documents, as a deployer reads and writes them."""

import json
import os
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.conftest import Lab

QUIET = "def handle(event, context):\n    print('hello')\n"


def test_a_statement_id_can_be_added_once(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """A second AddPermission with the same id is a conflict, even if identical, and adds nothing."""
    function, _ = forwarding
    lab.permit(function, "some-bucket")
    with pytest.raises(lab.lambda_.exceptions.ResourceConflictException, match="provided already exists") as caught:
        lab.permit(function, "some-bucket")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    policy = json.loads(lab.lambda_.get_policy(FunctionName=function)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["AllowS3Invoke"]


def test_removing_an_unknown_statement_is_not_found(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """RemovePermission tells an unknown id from a function without a policy, both 404."""
    function, _ = forwarding
    absent = lab.lambda_.exceptions.ResourceNotFoundException
    with pytest.raises(absent, match="No policy is associated with the given resource"):
        lab.lambda_.remove_permission(FunctionName=function, StatementId="x")
    lab.permit(function, "some-bucket")
    with pytest.raises(absent, match="Statement x is not found in resource policy"):
        lab.lambda_.remove_permission(FunctionName=function, StatementId="x")
    lab.lambda_.remove_permission(FunctionName=function, StatementId="AllowS3Invoke")
    with pytest.raises(absent):
        lab.lambda_.get_policy(FunctionName=function)


def test_a_function_made_again_has_neither_policy_nor_invoke_config(
    lab: "Lab", package: "Callable[[str], bytes]"
) -> None:
    """DeleteFunction takes policy and event invoke config with it."""
    name = lab.function(QUIET)
    role = lab.lambda_.get_function_configuration(FunctionName=name)["Role"]
    lab.permit(name, "some-bucket")
    lab.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    lab.lambda_.delete_function(FunctionName=name)
    code = package(QUIET)
    lab.lambda_.create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="handler.handle", Code={"ZipFile": code}
    )
    for read in (lab.lambda_.get_policy, lab.lambda_.get_function_event_invoke_config):
        with pytest.raises(ClientError) as caught:
            read(FunctionName=name)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_deleted_function_leaves_no_process(lab: "Lab") -> None:
    """DeleteFunction ends what was kept warm, so that the same function made again starts anew."""
    function = lab.function("import os\n\ndef handle(event, context):\n    return os.getpid()\n")
    pid = cast("int", lab.invoke(function))
    assert lab.invoke(function) == pid
    lab.lambda_.delete_function(FunctionName=function)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException):
        lab.lambda_.delete_function(FunctionName=function)


def test_the_logging_config_is_kept_and_followed(lab: "Lab") -> None:
    """LoggingConfig is returned, with AWS's defaults, and the log goes to the group it names."""
    name = lab.function(QUIET)
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert lab.lambda_.get_function_configuration(FunctionName=name)["LoggingConfig"] == default
    lab.lambda_.update_function_configuration(FunctionName=name, LoggingConfig={"LogGroup": f"/own/{name}"})
    configuration = lab.lambda_.get_function(FunctionName=name)["Configuration"]
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/own/{name}"}
    lab.invoke(name)
    messages = [event["message"] for event in lab.logs.filter_log_events(logGroupName=f"/own/{name}")["events"]]
    assert "hello\n" in messages


def test_settings_that_moto_does_not_update_are_updated(lab: "Lab") -> None:
    """UpdateFunctionConfiguration takes the ephemeral storage and the tracing mode."""
    name = lab.function(QUIET)
    lab.lambda_.update_function_configuration(
        FunctionName=name, EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"}
    )
    found = lab.lambda_.get_function_configuration(FunctionName=name)
    assert found["EphemeralStorage"] == {"Size": 1024}
    assert found["TracingConfig"] == {"Mode": "Active"}


def test_an_upload_that_is_no_zip_is_told_at_the_first_invocation(lab: "Lab") -> None:
    """A deployment package that cannot be opened answers InvalidZipFileException, and the server goes on."""
    name = lab.name("function")
    lab.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=lab.role(name),
        Handler="handler.handle",
        Code={"ZipFile": b"no zip"},
    )
    with pytest.raises(lab.lambda_.exceptions.InvalidZipFileException):
        lab.lambda_.invoke(FunctionName=name)


def test_a_role_that_lambda_may_not_assume_is_refused(lab: "Lab", package: "Callable[[str], bytes]") -> None:
    """A role whose trust policy names another service makes no function, and is not taken by an update either."""
    name = lab.function(QUIET)
    role = lab.role(f"{name}-ec2", "ec2.amazonaws.com")
    refused = lab.lambda_.exceptions.InvalidParameterValueException
    with pytest.raises(refused, match="cannot be assumed by Lambda"):
        lab.lambda_.create_function(
            FunctionName=f"{name}-new",
            Runtime="python3.13",
            Role=role,
            Handler="handler.handle",
            Code={"ZipFile": package(QUIET)},
        )
    with pytest.raises(refused, match="cannot be assumed by Lambda"):
        lab.lambda_.update_function_configuration(FunctionName=name, Role=role)
    assert lab.lambda_.get_function_configuration(FunctionName=name)["Role"] != role


def test_the_account_settings_tell_what_is_left_to_reserve(lab: "Lab", forwarding: tuple[str, str]) -> None:
    """GetAccountSettings has the region's quota, and what of it no function has reserved."""
    function, _ = forwarding
    before = lab.lambda_.get_account_settings()["AccountLimit"]
    lab.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
    after = lab.lambda_.get_account_settings()["AccountLimit"]
    assert after["ConcurrentExecutions"] == before["ConcurrentExecutions"] == 1000
    assert after["UnreservedConcurrentExecutions"] == before["UnreservedConcurrentExecutions"] - 5
