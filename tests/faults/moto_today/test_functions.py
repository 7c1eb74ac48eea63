"""What plain moto does where Lambda does otherwise, row by row of the table of what a fault lab has to add to it.

An upgrade that changes anything fails here, and so is noticed. Below each sentence: what AWS does instead.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.faults.moto_today.plain import Moto, code_of, error_of


def test_row_1_a_new_role_is_assumed_at_once(moto: Moto) -> None:
    """Row 1: a role that only EC2 may assume is taken, at once.

    AWS: 400 "cannot be assumed by Lambda", or for 5 to 15 s.
    """
    assert "Active" == moto.function_of(moto.role("ec2.amazonaws.com"))["State"]


def test_row_2_nothing_is_pending(moto: Moto) -> None:
    """Row 2: a function is Active in the first answer, and an update Successful.

    AWS: Pending, InProgress, 409 meanwhile.
    """
    assert "Active" == moto.function()["State"]
    updated = moto.account.lambda_.update_function_configuration(FunctionName=moto.name, MemorySize=256)
    assert ("Active", "Successful") == (updated["State"], updated["LastUpdateStatus"])
    moto.account.lambda_.update_function_configuration(FunctionName=moto.name, MemorySize=512)


def test_row_4_a_statement_id_may_be_given_twice(moto: Moto) -> None:
    """Row 4: a second AddPermission of one id appends a copy.

    AWS: ResourceConflictException 409.
    """
    moto.function()
    moto.permit()
    moto.permit()
    assert ["s3", "s3"] == moto.statements()


def test_row_9_a_destination_need_not_exist(moto: Moto) -> None:
    """Row 9: a destination that is not there, of a role without rights, is taken.

    AWS: 400, for 2 to 30 s also if it is.
    """
    moto.function()
    missing = moto.arn("sqs", "missing")
    moto.account.lambda_.put_function_event_invoke_config(
        FunctionName=moto.name, DestinationConfig={"OnFailure": {"Destination": missing}}
    )
    found = moto.account.lambda_.get_function_event_invoke_config(FunctionName=moto.name)
    assert {"OnFailure": {"Destination": missing}} == found["DestinationConfig"]


def test_row_9_a_second_invoke_config_is_not_read(moto: Moto) -> None:
    """Row 9: what a second PutFunctionEventInvokeConfig says is never read.

    AWS replaces the whole of it.
    """
    moto.function()
    for attempts in (1, 0):
        moto.account.lambda_.put_function_event_invoke_config(FunctionName=moto.name, MaximumRetryAttempts=attempts)
    found = moto.account.lambda_.get_function_event_invoke_config(FunctionName=moto.name)
    assert 1 == found["MaximumRetryAttempts"]


def test_row_9_a_dead_letter_queue_is_dropped(moto: Moto) -> None:
    """Row 9: a dead letter queue is not kept at all.

    AWS checks that the role may send to it, and shows it.
    """
    moto.function()
    updated = moto.account.lambda_.update_function_configuration(
        FunctionName=moto.name, DeadLetterConfig={"TargetArn": moto.arn("sqs", "missing")}
    )
    assert "DeadLetterConfig" not in updated


def test_row_22_there_is_no_revision(moto: Moto) -> None:
    """Row 22: a configuration has no RevisionId, and a wrong one is taken.

    AWS: always one, and 412 for another.
    """
    assert "RevisionId" not in moto.function()
    updated = moto.account.lambda_.update_function_configuration(
        FunctionName=moto.name, MemorySize=256, RevisionId="wrong"
    )
    assert 256 == updated["MemorySize"]
    assert "RevisionId" not in moto.configuration()


def test_row_29_the_logging_config_is_dropped(moto: Moto) -> None:
    """Row 29: LoggingConfig is not kept.

    AWS answers with format and group.
    """
    assert "LoggingConfig" not in moto.function()
    assert "LoggingConfig" not in moto.configuration()


def test_row_29_recursion_is_not_known(moto: Moto) -> None:
    """Row 29: the recursion config is a page that was not found.

    AWS: Terminate by default, and it can be set.
    """
    moto.function()
    lambda_ = moto.account.lambda_
    put = error_of(lambda: lambda_.put_function_recursion_config(FunctionName=moto.name, RecursiveLoop="Allow"))
    get = error_of(lambda: lambda_.get_function_recursion_config(FunctionName=moto.name))
    for code, message in (put, get):
        assert "404" == code
        assert "<title>404 Not Found</title>" in message


def test_row_30_a_second_operator_is_not_noticed(moto: Moto) -> None:
    """Row 30: of two who both read and then write a function, the second wins unseen.

    AWS: so too, but with a RevisionId 412.
    """
    moto.function()
    for memory in (256, 512):
        moto.account.lambda_.update_function_configuration(FunctionName=moto.name, MemorySize=memory)
    assert 512 == moto.configuration()["MemorySize"]


def test_row_31_no_parallel_permission_is_lost(moto: Moto) -> None:
    """Row 31: of statements that are added at the same time all are there.

    AWS may answer 201 to all and keep one.
    """
    moto.function()

    def add(number: int) -> None:
        moto.permit(f"s{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    assert ["s0", "s1", "s2", "s3"] == sorted(moto.statements())


def test_row_32_a_function_is_active_or_gone(moto: Moto) -> None:
    """Row 32: a function that is deleted is not found at once.

    AWS: Deleting for a while, and Inactive where it is idle.
    """
    moto.function()
    moto.account.lambda_.delete_function(FunctionName=moto.name)
    assert "ResourceNotFoundException" == code_of(moto.configuration)


def test_row_33_no_policy_where_a_statement_is_not_there(moto: Moto) -> None:
    """Row 33: an unknown statement id beside others is told as no policy.

    AWS: "Statement X is not found ...".
    """
    moto.function()
    moto.permit()
    told = error_of(lambda: moto.account.lambda_.remove_permission(FunctionName=moto.name, StatementId="unknown"))
    assert ("ResourceNotFoundException", "No policy is associated with the given resource.") == told


def test_row_33_one_of_two_equal_statements_goes(moto: Moto) -> None:
    """Row 33: of a statement that is there twice one is removed.

    AWS has none twice.
    """
    moto.function()
    moto.permit()
    moto.permit()
    moto.account.lambda_.remove_permission(FunctionName=moto.name, StatementId="s3")
    assert ["s3"] == moto.statements()
