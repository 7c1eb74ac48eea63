"""Which KMS keys a task's role must be allowed to use, and what else only AWS can tell of things of others. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from task_deployer.aws import Account
from task_deployer.policy import Statement

Grants = Mapping[str, frozenset[str]]
"""The actions on each key, by its ARN."""

DECRYPT, DATA_KEY = "kms:Decrypt", "kms:GenerateDataKey"
TO_READ = frozenset({DECRYPT})
TO_WRITE = frozenset({DATA_KEY, DECRYPT})
"""To write too: S3 decrypts the parts of a multipart upload, and SQS checks its data key (their user guides on KMS)."""

_SID = "AllowLambdaUseKMS"


@dataclass(frozen=True)
class Found:
    """What was found at AWS that the role's policy depends on.

    `keys` are the customers' keys that encrypt buckets and queues, ARN by ARN; `versioned` the ARNs of buckets of
    others that hold versions. `kept` are the grants that each task has now, where some key could not be found out:
    unknown is never none, so nothing is taken away.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    versioned: frozenset[str] = frozenset()
    kept: Mapping[str, Grants] = field(default_factory=dict)

    def of(self, task: str) -> "Found":
        """The same for one task: `kept` holds its grants alone."""
        return replace(self, kept={task: self.kept[task]} if task in self.kept else {})


NOTHING = Found()
"""Before AWS was asked."""


def in_full(reference: str, account: Account) -> str:
    """The ARN of a key or an alias that is given as ARN, id or `alias/...`, in the account where that is looked up."""
    if reference.startswith("arn:"):
        return reference
    return account.arn("kms", reference if reference.startswith("alias/") else f"key/{reference}")


def is_alias(arn: str) -> bool:
    """Whether it only stands for a key: a policy on it grants nothing."""
    return arn.split(":", 5)[-1].startswith("alias/")


def is_managed(arn: str) -> bool:
    """Whether it stands for a key that AWS manages for one of its services.

    Within its account such a key needs no statement: its own policy lets everybody use it who may use the service
    (`kms:ViaService` and `kms:CallerAccount`; SQS developer guide, "Key management"). Nobody can change that policy,
    so from another account the key can never be used.
    """
    return arn.split(":", 5)[-1].startswith("alias/aws/")


def key_statements(read: Iterable[str], written: Iterable[str], found: Found) -> Iterator[Statement]:
    """Allow what the encryption of these buckets and queues (ARNs) needs.

    One statement; where some keys are only read with, and others written with too, the former have their own.
    """
    grants = {key: actions for kept in found.kept.values() for key, actions in kept.items()}
    for things, actions in ((read, TO_READ), (written, TO_WRITE)):
        for key in [found.keys[thing] for thing in things if thing in found.keys]:
            grants[key] = grants.get(key, frozenset()) | actions
    both = tuple(key for key, actions in grants.items() if DATA_KEY in actions)
    reading = tuple(key for key in grants if key not in both)
    yield Statement(f"{_SID}ToRead" if both else _SID, (DECRYPT,), reading)
    yield Statement(_SID, (DECRYPT, DATA_KEY), both)


def grants_of(statements: Iterable[Statement]) -> Grants:
    """What a policy grants on keys by the statements of `key_statements`."""
    ours = [statement for statement in statements if statement.sid in (_SID, f"{_SID}ToRead")]
    return {key: frozenset(statement.actions) for statement in ours for key in statement.resources}
