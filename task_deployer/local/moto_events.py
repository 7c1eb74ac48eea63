"""What the local AWS reads of moto's EventBridge rules and event source mappings, outside of requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.events.models import events_backends

from task_deployer.local.moto_state import LOCK
from task_deployer.local.process import ACCOUNT


@dataclass(frozen=True)
class Target:
    """Where a rule sends what it takes."""

    rule: str
    arn: str


@dataclass(frozen=True)
class Source:
    """An event source mapping that is enabled, and its two ends, by ARN. `concurrency` is None for no limit."""

    uuid: str
    region: str
    function: str
    queue: str
    batch_size: int
    concurrency: int | None
    reports_failures: bool


def targets_for(region: str, event: Mapping[str, object]) -> tuple[Target, ...]:
    """The targets of all rules on the default bus that take this event."""
    with LOCK:
        rules = events_backends[ACCOUNT][region].event_buses["default"].rules.values()
        taking = [
            rule
            for rule in rules
            # moto takes a rule without a pattern, which is a schedule, for one that takes everything.
            if rule.state == "ENABLED" and rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(event)  # type: ignore[arg-type]  # any event
        ]
        return tuple(Target(rule.arn, target["Arn"]) for rule in taking for target in rule.targets)


def sources() -> tuple[Source, ...]:
    """All event source mappings of queues that are enabled."""
    with LOCK:
        mappings = [m for backend in lambda_backends[ACCOUNT].values() for m in _mappings(backend)]
        return tuple(
            _source(mapping) for mapping in mappings if mapping.enabled and ":sqs:" in mapping.event_source_arn
        )


def has_mapping(region: str, uuid: str) -> bool:
    """True if there is a mapping of this id."""
    with LOCK:
        return lambda_backends[ACCOUNT][region].get_event_source_mapping(uuid) is not None


def mappings_of(region: str, function_arn: str) -> tuple[Source, ...]:
    """The mappings that run a function, enabled or not."""
    with LOCK:
        mappings = _mappings(lambda_backends[ACCOUNT][region])
        return tuple(_source(mapping) for mapping in mappings if mapping.function_arn == function_arn)


def _mappings(backend: object) -> list[EventSourceMapping]:
    found: Mapping[str, EventSourceMapping] = backend._event_source_mappings  # type: ignore[attr-defined]  # noqa: SLF001 - moto lists them by name as it was given
    return list(found.values())


def _source(mapping: EventSourceMapping) -> Source:
    return Source(
        uuid=mapping.uuid,
        region=mapping.region,
        function=mapping.function_arn,
        queue=mapping.event_source_arn,
        batch_size=mapping.batch_size,
        concurrency=(mapping.scaling_config or {}).get("MaximumConcurrency"),
        reports_failures="ReportBatchItemFailures" in (mapping.function_response_types or []),
    )
