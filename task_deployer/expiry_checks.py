"""What `doctor` says of rules of ours in a bucket that is somebody else's now: they go on deleting objects."""

from collections.abc import Iterator, Sequence
from functools import partial

from task_deployer.attached import attached_buckets
from task_deployer.aws import Aws
from task_deployer.checks import Check, warning
from task_deployer.config import Config
from task_deployer.names import Names
from task_deployer.observe import Question, observe_all
from task_deployer.plan import Desired
from task_deployer.resources import Bucket, Lifecycle
from task_deployer.resources.base import Address
from task_deployer.resources.lifecycle_document import Document, expiries, merge
from task_deployer.resources.lifecycle_write import read
from task_deployer.still_expires import deed, stopping
from task_deployer.walk import Means


def expiry_checks(means: Means, desired: Sequence[Desired], config: Config | None) -> Iterator[Check]:
    """One check for each rule of this stack's in a bucket that is used as it is, as after `--keep-buckets`.

    A bucket whose rules may not be read is passed over: the stack does not need that right.
    """
    if config is None:
        return
    base = Names(config.stack.name, config.env, means.aws.account).base
    questions = {
        Address(f"{Lifecycle.kind}.{bucket.name}"): Question("s3", partial(_look, bucket))
        for bucket in attached_buckets(desired)
    }
    for address, found in observe_all(means, {}, questions).items():
        if isinstance(found, Document):
            yield from _checks(address, found, base)


def _look(bucket: Bucket, aws: Aws) -> Document:
    return read(aws, bucket.identity)


def _checks(address: Address, found: Document, base: str) -> Iterator[Check]:
    bucket = address.partition(".")[2]
    for expiry in expiries(found.rules):
        if expiry.id.startswith(f"{base}-") and expiry.id.endswith("-expire"):
            told = f"The rule {expiry.id} is from when this stack owned the bucket. {deed(expiry)}."
            yield warning(
                address, told, f"`{stopping(bucket, [expiry.id], merge(found, (), (expiry.id,)))}` stops that."
            )
