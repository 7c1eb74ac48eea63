"""KMS keys: never ours, only asked for their ARN where an alias names them."""

from collections.abc import Mapping
from typing import Protocol

DESCRIBE = "kms:DescribeKey"
"""The IAM action that finds the key behind an alias."""


class KeyDescriber(Protocol):
    """The one call of a KMS client that is needed."""

    def describe_key(self, *, KeyId: str) -> Mapping[str, Mapping[str, str]]:  # noqa: N803 - AWS's name
        """Answer with `KeyMetadata`."""


def arn_of(kms: KeyDescriber, alias: str) -> str:
    """The ARN of the key that an alias stands for; "" for one that AWS manages. IAM takes no alias for a key."""
    found = kms.describe_key(KeyId=alias)["KeyMetadata"]
    return "" if found.get("KeyManager") == "AWS" else found["Arn"]
