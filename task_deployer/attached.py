"""What was seen of the buckets and queues of others that a stack uses, and what follows from it. Pure.

Their owners decide on them, so nothing here is a difference: it says what the role must be allowed, what to warn of,
and what is good to know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from task_deployer.aws import Account
from task_deployer.conflicts import Unreadable
from task_deployer.encryption import Found, grants_of, in_full, is_alias, is_managed
from task_deployer.forbidden import CODES
from task_deployer.plan import Action, Desired, Plan
from task_deployer.policy import parse
from task_deployer.resources import Bucket, Notifications, Queue, RolePolicy
from task_deployer.resources.base import Address
from task_deployer.resources.bucket_traits import ACCESS_BLOCK, ENCRYPTION, VERSIONING, Trait
from task_deployer.resources.kms_key import DESCRIBE
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.resources.queue import SeenQueue
from task_deployer.warnings import Warning  # noqa: A004 - the contract's word

Seen = Mapping[Address, object]


@dataclass(frozen=True)
class Findings:
    """What the roles need, what to warn of, and what is good to know of a bucket of others, by its address."""

    found: Found
    warnings: tuple[Warning, ...]
    notes: Mapping[Address, str]


def question_of(trait: Trait, bucket: Bucket) -> Address:
    """What a reading is known by: one for each bucket, however many tasks use it."""
    return Address(f"{trait.name} of {bucket.name}")


def key_question(alias: str) -> Address:
    """What the reading of an alias is known by."""
    return Address(f"key of {alias}")


def attached_buckets(desired: Sequence[Desired]) -> tuple[Bucket, ...]:
    """The buckets of others, as often as tasks use them."""
    return tuple(resource for resource in desired if isinstance(resource, Bucket) and resource.existing)


def aliases_of(desired: Sequence[Desired], seen: Seen, account: Account) -> tuple[str, ...]:
    """The aliases for which the key has to be asked for."""
    references = (reference for _, _, reference in _references(desired, seen, account))
    return tuple(dict.fromkeys(one for one in references if is_alias(one) and not is_managed(one)))


def findings(desired: Sequence[Desired], seen: Seen, account: Account) -> Findings:
    """Draw the conclusions from what was seen of the resources, of `question_of` and of `key_question`."""
    warnings = tuple(_warnings(desired, seen, account))
    unknown = any(warning.code == "encryption-unknown" for warning in warnings)
    policies = _seen_policies(desired, seen)
    kept = {task: grants_of(parse(document)) for task, document in policies.items()} if unknown else {}
    found = Found(_keys(desired, seen, account), frozenset(_versioned(desired, seen, account)), kept)
    notes = {bucket.address: note for bucket in attached_buckets(desired) if (note := _note(bucket, desired, seen))}
    return Findings(found, warnings, notes)


def noted(plan: Plan, notes: Mapping[Address, str]) -> Plan:
    """The same plan, with what is good to know in the reason for which a thing of others is kept."""
    return Plan(
        tuple(
            replace(change, reason=f"{change.reason}; {notes[change.address]}")
            if change.address in notes and change.action is Action.KEEP
            else change
            for change in plan.changes
        )
    )


def _references(desired: Sequence[Desired], seen: Seen, account: Account) -> Iterator[tuple[Desired, str, str]]:
    """The bucket or queue, its ARN, and the ARN of the key or alias that encrypts it.

    S3 looks an id or alias up in the account of who asks (API reference, ServerSideEncryptionByDefault), which is the
    function's; SQS in the queue's own.
    """
    for resource in desired:
        if isinstance(resource, Bucket) and resource.existing:
            reference = seen.get(question_of(ENCRYPTION, resource))
            if isinstance(reference, str) and reference:
                yield resource, account.bucket_arn(resource.name), in_full(reference, account)
        if isinstance(resource, Queue):
            queue = seen.get(resource.address)
            reference = queue.attributes.get("KmsMasterKeyId") if isinstance(queue, SeenQueue) else None
            if reference:
                yield resource, resource.arn, in_full(reference, replace(account, id=_owner(resource, account)))


def _owner(resource: Desired, account: Account) -> str:
    if isinstance(resource, Queue):
        return resource.arn.split(":")[4]
    return (resource.owner if isinstance(resource, Bucket) else None) or account.id


def _keys(desired: Sequence[Desired], seen: Seen, account: Account) -> dict[str, str]:
    keys = {}
    for _, thing, reference in _references(desired, seen, account):
        key = seen.get(key_question(reference)) if is_alias(reference) else reference
        if isinstance(key, str) and key:
            keys[thing] = key
    return keys


def _versioned(desired: Sequence[Desired], seen: Seen, account: Account) -> Iterator[str]:
    """The buckets that hold versions. Where it is unknown, those whose versions a role may read now."""
    granted = [parse(document) for document in _seen_policies(desired, seen).values()]
    may_read = {
        resource
        for statements in granted
        for statement in statements
        if "s3:GetObjectVersion" in statement.actions
        for resource in statement.resources
    }
    for bucket in attached_buckets(desired):
        status, arn = seen.get(question_of(VERSIONING, bucket)), account.bucket_arn(bucket.name)
        if status in ("Enabled", "Suspended") or (isinstance(status, Unreadable) and f"{arn}/*" in may_read):
            yield arn


def _seen_policies(desired: Sequence[Desired], seen: Seen) -> dict[str, Mapping[str, object]]:
    policies = {r.scope: seen.get(r.address) for r in desired if isinstance(r, RolePolicy)}
    return {task: document for task, document in policies.items() if _is_document(document)}


def _is_document(seen: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(seen, Mapping)


def _warnings(desired: Sequence[Desired], seen: Seen, account: Account) -> Iterator[Warning]:
    for bucket in attached_buckets(desired):
        yield from _bucket_warnings(bucket, desired, seen)
    for resource, _, reference in _references(desired, seen, account):
        named, address = f"the {resource.kind} {_name(resource)}", resource.address
        if is_managed(reference) and _owner(resource, account) != account.id:
            yield Warning(
                "unusable-key",
                address,
                f"{named} of account {_owner(resource, account)} is encrypted with a key that AWS manages there, which "
                "no other account can ever use: what needs it will fail. Its owner has to choose another key.",
            )
        elif isinstance(refused := seen.get(key_question(reference)), Unreadable):
            yield Warning(
                "encryption-unknown",
                address,
                f"which key encrypts {named} cannot be read, {reference} is all that is known: "
                f"{_why(refused, DESCRIBE)}. The role lacks the right to use it, unless it has it already.",
            )
    for resource in desired:
        refused = seen.get(resource.address)
        if isinstance(resource, Queue) and isinstance(refused, Unreadable):
            what = f"whether a KMS key encrypts the queue {resource.name} cannot be read"
            yield Warning("encryption-unknown", resource.address, f"{what}: {_why(refused, 'sqs:GetQueueAttributes')}.")


def _bucket_warnings(bucket: Bucket, desired: Sequence[Desired], seen: Seen) -> Iterator[Warning]:
    encryption, versioning, open_parts = (
        seen.get(question_of(trait, bucket)) for trait in (ENCRYPTION, VERSIONING, ACCESS_BLOCK)
    )
    named, reads = f"the bucket {bucket.name}", _is_read(bucket, desired)
    if isinstance(encryption, Unreadable):
        yield Warning(
            "encryption-unknown",
            bucket.address,
            f"whether a KMS key encrypts {named} cannot be read: {_why(encryption, ENCRYPTION.action)}. If one does, "
            "the role lacks the right to use it, unless it has it already.",
        )
    if isinstance(versioning, Unreadable) and reads:
        yield Warning(
            "versioning-unknown",
            bucket.address,
            f"whether {named} is versioned cannot be read: {_why(versioning, VERSIONING.action)}. If it is, the role "
            "lacks the right to read single versions, unless it has it already.",
        )
    if versioning == "Suspended" and reads:
        yield Warning(
            "versioning-suspended",
            bucket.address,
            f"versioning of {named} is suspended: what is written now replaces what was written since, so a task may "
            "read another content than its event tells of. Its owner can enable it again.",
        )
    if isinstance(open_parts, str) and open_parts:
        yield Warning(
            "public-access",
            bucket.address,
            f"{named} does not block public access in all ways (off: {open_parts}), so unless the account does, "
            "objects in it can become public. Its owner can switch them on.",
        )


def _why(refused: Unreadable, action: str) -> str:
    return f"whoever runs this needs {action}" if refused.error.code in CODES else refused.error.summary


def _is_read(bucket: Bucket, desired: Sequence[Desired]) -> bool:
    """Whether the bucket's task may read it: its policy says so."""
    task = bucket.scope.partition(".")[0]
    policies = [parse(r.document) for r in desired if isinstance(r, RolePolicy) and r.scope == task]
    objects = f":::{bucket.name}/*"
    return any(
        "s3:GetObject" in statement.actions and any(arn.endswith(objects) for arn in statement.resources)
        for statements in policies
        for statement in statements
    )


def _note(bucket: Bucket, desired: Sequence[Desired], seen: Seen) -> str:
    notes = ["it is versioned"] if seen.get(question_of(VERSIONING, bucket)) == "Enabled" else []
    for resource in desired:
        document = seen.get(resource.address)
        if (
            isinstance(resource, Notifications)
            and resource.bucket.name == bucket.name
            and isinstance(document, SeenNotifications)
        ):
            notes += ["its EventBridge is on"] if document.sends_to_eventbridge else []
            notes += [f"notification entries of others: {document.foreign}"] if document.foreign else []
    if isinstance(seen.get(question_of(ACCESS_BLOCK, bucket)), Unreadable):
        notes.append(f"its public access block cannot be read ({ACCESS_BLOCK.action})")
    return ", ".join(notes)


def _name(resource: Desired) -> str:
    return resource.name if isinstance(resource, Bucket | Queue) else resource.scope
