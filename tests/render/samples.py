"""Plans, results and errors as the commands make them, for all that is printed."""

from task_deployer.errors import ResourceError
from task_deployer.events import Failed, Outcome
from task_deployer.plan import Action, Change, Plan
from task_deployer.resources.base import Address, Difference
from task_deployer.result import Result
from task_deployer.status import Standing, State
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

BUCKET = "media-dev-ingest-uploads-123456789012-eu-central-1"
ACCOUNT, REGION = "123456789012", "eu-central-1"


def change(address: str, action: Action, *differences: Difference, reason: str = "", **more: bool | Address) -> Change:
    """One change; its kind is the first word of its address."""
    return Change(Address(address), address.partition(".")[0], action, differences, reason, **more)  # type: ignore[arg-type]  # a flag or an address each


ROLE = change("role.ingest", Action.KEEP)
QUEUE = change("queue.orders", Action.CREATE, reason="recorded, but not at AWS")
FUNCTION = change(
    "function.ingest",
    Action.UPDATE,
    Difference("MemorySize", 512, 128),
    Difference("Architectures", ("arm64",), ("x86_64",)),
    Difference("Environment.LOG_LEVEL", "INFO", None),
)
POLICY = change("role_policy.ingest", Action.UPDATE, Difference("Statement.allowLambdaWriteS3", "x" * 300, None))
THUMBS = change("bucket.ingest.thumbs", Action.DELETE, reason="no longer in the config", empties=True)
CORS = change(
    "cors.ingest.thumbs",
    Action.DELETE,
    reason="goes with bucket.ingest.thumbs",
    goes_with=Address("bucket.ingest.thumbs"),
)
LEFT = change("bucket.ingest.shared", Action.KEEP, reason="not ours: left as it is", forgets=True)
GONE = change("queue.orders", Action.DELETE, reason="gone already", gone=True)
KEPT = Plan((ROLE, change("log_group.ingest", Action.KEEP)))
NOTHING = Outcome()
PLAN = Plan((QUEUE, ROLE, POLICY, FUNCTION, CORS, THUMBS, LEFT))

REFUSED = ResourceError(
    "UpdateFunctionConfiguration failed: no such right",
    code="AccessDeniedException",
    detail="AWS error code AccessDeniedException, request id 1-2-3",
    hint="Whoever runs this needs the IAM action lambda:UpdateFunctionConfiguration.",
    address="function.ingest",
)
WARNING = Warning("recursion", Address("bucket.ingest.uploads"), "the task may run itself without end.")
OUTPUTS: dict[str, dict[str, dict[str, object]]] = {
    "tasks": {
        "ingest": {
            "function": {
                "name": "media-dev-ingest",
                "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:media-dev-ingest",
            },
            "buckets": {"uploads": {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}},
        }
    },
    "command_topics": {
        "orders": {
            "name": "media-dev-orders.fifo",
            "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/media-dev-orders.fifo",
            "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:media-dev-orders.fifo",
        }
    },
}


def result(command: str, plan: Plan = PLAN, outcome: Outcome = NOTHING, state: State | None = None) -> Result:
    """The result of a command for the stack media in dev, with all there is to say."""
    standings = STANDINGS if state else ()
    return Result(
        command, "media", "dev", ACCOUNT, REGION, plan, outcome, OUTPUTS, (WARNING,), standings, state, calls=(38, 15)
    )


STANDINGS = (
    Standing(ROLE, State.OK),
    Standing(QUEUE, State.MISSING),
    Standing(FUNCTION, State.DRIFTED),
    Standing(change("cors.ingest.uploads", Action.KEEP, reason="GetBucketCors failed: no"), State.UNKNOWN),
    Standing(change("invoke_config.ingest", Action.CREATE), State.INTERRUPTED),
    Standing(THUMBS, State.OK),
)
STATUS_PLAN = Plan(tuple(standing.change for standing in STANDINGS))

RESULTS = {
    "plan": result("plan"),
    "plan-nothing": result("plan", KEPT),
    "up": result("up", outcome=Outcome(tuple(one.address for one in PLAN.pending))),
    "up-nothing": result("up", KEPT),
    "up-failed": result(
        "up",
        Plan((QUEUE, POLICY, FUNCTION, CORS, THUMBS)),
        Outcome((QUEUE.address, POLICY.address), (Failed(FUNCTION, REFUSED),), (CORS.address, THUMBS.address)),
    ),
    "status": result("status", STATUS_PLAN, state=State.MISSING),
    "status-absent": Result("status", "media", "dev", ACCOUNT, REGION, state=State.ABSENT, calls=(1, 0)),
    "down": result("down", Plan((CORS, THUMBS, LEFT)), Outcome((CORS.address, THUMBS.address))),
    "down-gone": result("down", Plan((GONE, CORS, THUMBS)), Outcome((CORS.address, THUMBS.address))),
    "down-all-gone": result("down", Plan((GONE,))),
    "down-nothing": Result("down", "media", "dev", None, None),
}
"""Each result by the name of its golden files."""
