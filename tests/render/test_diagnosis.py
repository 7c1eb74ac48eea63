from task_deployer.checks import Check, Diagnosis, Verdict, ok, problem, warning
from task_deployer.render.diagnosis import document, lines
from task_deployer.render.text import Style
from tests.render.samples import ACCOUNT, REGION

CHECKS = (
    ok("versions", "task-deploy 1.0"),
    warning("topic.orders", "queue.orders is drifted (Tags.team)", "Run up."),
    problem("plan", "AWS refused 2 reads\nrole.ingest: GetRole is forbidden", "Ask."),
    Check("rights", Verdict.WARNING),
)


def test_words() -> None:
    """Each check is a line, with the rest of what is wrong and what to do next below it; the sum is at the end."""
    told = list(lines(Diagnosis("media", "dev", ACCOUNT, REGION, CHECKS)))
    assert [line.text for line in told] == [
        "media/dev in account 123456789012, eu-central-1",
        "  ok       versions: task-deploy 1.0",
        "  warning  topic.orders: queue.orders is drifted (Tags.team)",
        "           Next: Run up.",
        "  problem  plan: AWS refused 2 reads",
        "           role.ingest: GetRole is forbidden",
        "           Next: Ask.",
        "  warning  rights: ",
        "Doctor: 1 problem, 2 warnings, 1 ok.",
    ]
    assert told[-1].style is Style.BAD


def test_words_where_little_is_known() -> None:
    """Without a stack or an account only the environment is named; where all is well the sum is good news."""
    first, *_, last = lines(Diagnosis(None, "dev", None, None, CHECKS[:1]))
    assert (first.text, last.text, last.style) == ("dev", "Doctor: 1 ok.", Style.GOOD)


def test_document() -> None:
    """The document has the worst state on top, and every check with all of its words."""
    made = document(Diagnosis("media", "dev", ACCOUNT, REGION, CHECKS[:2], (9, 0)))
    assert made == {
        "schema": 1,
        "command": "doctor",
        "stack": "media",
        "env": "dev",
        "account": ACCOUNT,
        "region": REGION,
        "state": "warning",
        "checks": [
            {"name": "versions", "state": "ok", "detail": "task-deploy 1.0", "hint": ""},
            {
                "name": "topic.orders",
                "state": "warning",
                "detail": "queue.orders is drifted (Tags.team)",
                "hint": "Run up.",
            },
        ],
        "api_calls": {"total": 9, "mutating": 0},
    }
