"""Whose a recorded thing is now: still ours, or one that somebody made anew under its name. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from task_deployer.records import Origin, Record, Status
from task_deployer.resources import KINDS, BucketTags
from task_deployer.resources.base import Address, Identity, Tagged
from task_deployer.resources.bucket import SeenBucket
from task_deployer.resources.cors import SeenCors
from task_deployer.resources.lifecycle import SeenLifecycle
from task_deployer.resources.notifications import SeenNotifications
from task_deployer.tags import ENV, MANIFEST, STACK


def is_anothers(record: Record, seen: object, lineage: str) -> bool:
    """Whether what is at AWS under a name that we recorded is not what we made.

    The tool's own tags tell it, wherever there are any. Without them a bucket, which may lose them, is another's if no
    sign of ours is in it; any other thing if it was only begun, since what we make bears them from its creation, or if
    it bears tags of others. No tags at all say nothing else: they may have been stripped, and are given again.
    """
    if record.origin is Origin.ADOPTED or not isinstance(seen, Tagged) or seen.tags.get(MANIFEST) == lineage:
        return False
    if any(key in seen.tags for key in (STACK, ENV, MANIFEST)):
        return True
    if isinstance(seen, SeenBucket):
        return not seen.signs
    return bool(seen.tags) or (record.status is Status.CREATING and KINDS[record.kind].made_by != "")


def signed(
    observed: Mapping[Address, object],
    things: Mapping[Address, Identity],
    base: str,
    records: Mapping[Address, Record] = MappingProxyType({}),
    former: Mapping[Address, Address] = MappingProxyType({}),
) -> dict[Address, object]:
    """The same, with the signs of each bucket: what of its documents was seen and bears an id of ours.

    `base` is how the ids of this stack begin: its name and the environment's. `former` has the address of each record
    that moves, under which the ids were written. That no tags were given yet is a sign as well, where there are none:
    S3 takes them at the creation, but what stands in for it may not, as moto does not.
    """

    def signs(bucket: Address, seen: SeenBucket) -> tuple[str, ...]:
        starts = tuple(id_start(base, one) for one in (bucket, former.get(bucket)) if one is not None)
        return (*_signs(things[bucket], observed, things, starts), *_still_bare(bucket, seen, records))

    return {
        address: replace(seen, signs=signs(address, seen))
        if isinstance(seen, SeenBucket) and address in things
        else seen
        for address, seen in observed.items()
    }


def id_start(base: str, bucket: Address) -> str:
    """How the ids of all that is ours in a bucket's documents begin, as `media-dev-ingest-uploads-` does.

    `base` is how the ids of this stack begin.
    """
    return "-".join((base, *bucket.split(".")[1:], ""))


def _signs(
    bucket: Identity, observed: Mapping[Address, object], things: Mapping[Address, Identity], starts: tuple[str, ...]
) -> Iterator[str]:
    """The ids that begin with those of the bucket's task and key."""
    for address, identity in things.items():
        if identity.get("bucket") == bucket["bucket"]:
            yield from (one for one in _ids(observed.get(address)) if one.startswith(starts))


def _still_bare(bucket: Address, seen: SeenBucket, records: Mapping[Address, Record]) -> tuple[str, ...]:
    tags = records.get(Address(f"{BucketTags.kind}.{bucket.partition('.')[2]}"))
    is_tagged = tags is not None and tags.status is Status.READY
    return () if seen.tags or is_tagged or bucket not in records else ("its tags are still to be given",)


def _ids(seen: object) -> Iterator[str]:
    if isinstance(seen, SeenNotifications):
        yield from seen.ours
    elif isinstance(seen, SeenCors | SeenLifecycle):
        yield from (str(rule.get("ID")) for rule in seen.rules)
