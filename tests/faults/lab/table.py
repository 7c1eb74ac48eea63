"""How real AWS differs from the local one, row by row: where each difference is tested, or why it need not be."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.lab.lags import LAGS
from tests.faults.lab.latecomers import LATECOMERS
from tests.faults.lab.memory import MEMORIES
from tests.faults.lab.noes import NOES
from tests.faults.lab.others import OTHERS
from tests.faults.lab.row import Row

ROWS: tuple[type[Row], ...] = (*LAGS, *MEMORIES, *NOES, *LATECOMERS, *OTHERS)
"""The rows that the lab can play."""


@dataclass(frozen=True)
class Elsewhere:
    """Tested without the lab: `path::test`."""

    tests: tuple[str, ...]


@dataclass(frozen=True)
class Excused:
    """Nothing of ours meets it, and why."""

    reason: str


@dataclass(frozen=True)
class Behaviour:
    """One row: what AWS does, and where it is dealt with, besides the lab's rows of this number."""

    what: str
    beside: Elsewhere | Excused | None = None


TABLE: Mapping[int, Behaviour] = {
    1: Behaviour("a new role cannot be assumed by Lambda for a while, or never"),
    2: Behaviour("a function is Pending or InProgress after a change, and takes no other"),
    3: Behaviour("S3 checks every destination when the notifications are written, everybody's"),
    4: Behaviour(
        "a statement id can be added once",
        Elsewhere(
            (
                "tests/local/test_lambda_documents.py::test_a_statement_id_can_be_added_once",
                "tests/contract/test_taken.py::test_a_statement_that_is_there_already_is_made_as_wanted",
            )
        ),
    ),
    5: Behaviour("the answer is lost after the deed"),
    6: Behaviour(
        "the process is killed between the deed and its record",
        Elsewhere(
            (
                "tests/faults/test_kills.py::test_a_killed_up_and_a_killed_down_are_gone_on_from",
                "tests/faults/test_crashes.py::test_a_first_up_that_died_is_gone_on_from",
            )
        ),
    ),
    7: Behaviour(
        "a notification document holds entries of others, filters in capitals and an empty EventBridge block",
        Elsewhere(
            (
                "tests/local/test_s3_documents.py::test_foreign_entries_and_event_bridge_come_back_as_s3_gives_them",
                "tests/properties/test_notification_document.py::test_what_is_foreign_stays",
            )
        ),
    ),
    8: Behaviour(
        "overlapping entries are refused",
        Elsewhere(("tests/contract/test_shared_documents.py::test_an_overlap_is_told_before_anything_is_written",)),
    ),
    9: Behaviour("a role's policy is effective late"),
    10: Behaviour("the name of a deleted queue is not free for a minute, and reads may still find the queue"),
    11: Behaviour("each service throttles in its own words"),
    12: Behaviour("a bucket's documents are read late, or old and new in turns"),
    13: Behaviour("a new bucket is not there yet, a deleted one still is"),
    14: Behaviour("writes to one bucket collide, and its name is busy after its deletion"),
    15: Behaviour("a bucket fills while it is emptied, and deletions fail one by one"),
    16: Behaviour("Lambda makes the log group before us, or again after us"),
    17: Behaviour("a role replaced under a function makes every invocation fail"),
    18: Behaviour("a role cannot be deleted while it has policies, or seems to"),
    19: Behaviour("a bucket's name is another's"),
    20: Behaviour("a new bucket has modern defaults"),
    21: Behaviour("what was just made is not found"),
    22: Behaviour(
        "a RevisionId guards a change", Excused("no call of ours sends one; verbs read again before they write")
    ),
    23: Behaviour(
        "the caller may do only what a policy allows",
        Elsewhere(("tests/faults/test_calls.py::test_each_command_keeps_to_its_policy",)),
    ),
    24: Behaviour(
        "events come twice, late, out of order, and not at all for minutes",
        Elsewhere(("tests/unit/runtime/test_ordering.py::test_one_keys_records_run_in_sequencer_order",)),
    ),
    25: Behaviour("limits of the account and of documents"),
    26: Behaviour(
        "a batch is taken in part",
        Elsewhere(("tests/unit/runtime/test_batches.py::test_what_failed_at_aws_is_sent_again_alone",)),
    ),
    27: Behaviour("a queue's attributes are read late"),
    28: Behaviour(
        "credentials expire, the clock is wrong, the account is another",
        Elsewhere(("tests/unit/test_manifest.py::test_another_account_or_region",)),
    ),
    29: Behaviour(
        "LoggingConfig, the recursion setting and batch jobs have shapes of their own",
        Excused("none of them is ever set: AWS's defaults are what the contract wants"),
    ),
    30: Behaviour("an operator is at work at the same time"),
    31: Behaviour(
        "AddPermission calls that run at once lose one",
        Elsewhere(("tests/faults/lab/test_rows.py::test_one_statement_is_added_at_a_time",)),
    ),
    32: Behaviour("functions are Inactive, or Deleting"),
    33: Behaviour("RemovePermission has words of its own for a statement that is gone"),
    34: Behaviour("S3 cannot write to a queue that is encrypted with AWS's own key"),
    35: Behaviour("a target that was removed is still in the way of its rule's deletion"),
    36: Behaviour("a change of a rule's targets that collides with another fails inside of a 200"),
}
"""Every behaviour of AWS's that the local AWS lacks."""
