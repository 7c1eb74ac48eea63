"""Reading and writing a bucket's CORS document; our rules in a shared one beside other writers, losing nobody's.

S3 replaces the document as a whole and has no lock on it, as with notifications: so it is read, merged by a pure
function and put, others have their turn, and it is read back. If our rules are not as wanted then, they are merged into
what is there now and put once more. A change that another makes between our read and our put cannot be seen.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.care import Remark
from task_deployer.errors import ResourceError, SafetyError
from task_deployer.refusals import code_of
from task_deployer.resources import cors_document as document
from task_deployer.resources.base import Identity
from task_deployer.resources.bucket import account_of, asking_the_owner
from task_deployer.resources.cors_document import CorsRule
from task_deployer.resources.other_writers import let_others_have_their_turn, sent, slow_write, until_steady

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleUnionTypeDef

_ATTEMPTS = 2


def read(aws: Aws, identity: Identity) -> "list[CORSRuleOutputTypeDef]":
    """Get the rules. Only S3's word for "no document" counts as none: what is taken for none is written over."""
    try:
        with asking_the_owner(identity):
            owner = account_of(aws, identity)
            return aws.s3.get_bucket_cors(Bucket=identity["bucket"], ExpectedBucketOwner=owner)["CORSRules"]
    except ClientError as error:
        if code_of(error) == "NoSuchCORSConfiguration":
            return []
        raise


def write(aws: Aws, identity: Identity, rules: "Sequence[CORSRuleUnionTypeDef]") -> None:
    """Put the rules. S3 takes no empty document: without a rule it is taken away."""
    bucket, owner = identity["bucket"], account_of(aws, identity)
    with asking_the_owner(identity):
        if rules:
            aws.s3.put_bucket_cors(Bucket=bucket, ExpectedBucketOwner=owner, CORSConfiguration={"CORSRules": rules})
        else:
            aws.s3.delete_bucket_cors(Bucket=bucket, ExpectedBucketOwner=owner)


def write_shared(
    aws: Aws,
    identity: Identity,
    rules: Sequence[CorsRule],
    ours: Sequence[str],
    check: Callable[["Sequence[CORSRuleOutputTypeDef]"], None] | None = None,
) -> None:
    """Make exactly these rules ours among those of others, and see that they stay. `ours` may be written over.

    They are put even where the first look shows them already, since that may be from before we took them out ourselves.
    `check` is for rules that are made: it refuses what it must not write over. Raises `ResourceError` if another writer
    undid it twice. What others took out of their own meanwhile may have been their wish: it is told, and not put back.
    """
    wanted = [rule.id for rule in rules]
    ids = {*ours, *wanted}

    def is_in(found: "Sequence[CORSRuleOutputTypeDef]") -> bool:
        there = [rule for rule in found if rule.get("ID") in ids]
        return [rule.get("ID") for rule in there] == wanted and not document.differences(rules, there)

    former: Sequence[CORSRuleOutputTypeDef] = read(aws, identity)
    found = former
    for again in range(_ATTEMPTS):
        shown = is_in(found)
        if shown and (again or not rules):
            break
        try:
            if check is not None and not shown:
                check(found)
        except SafetyError:
            if again:
                break  # a refusal now would take our record back, and some of ours may be there
            raise
        found = _put(aws, identity, found, document.merge(found, rules, tuple(ids)), is_in)
    _tell_lost(aws, identity["bucket"], [rule for rule in former if rule.get("ID") not in ids], found)
    if not is_in(found):
        raise _contended(identity["bucket"], found)


def _contended(bucket: str, found: "Sequence[CORSRuleOutputTypeDef]") -> ResourceError:
    return ResourceError(
        f"Another writer undoes what this stack does to the CORS rules of the bucket {bucket}",
        code="CorsContended",
        detail=f"There now: {', '.join(str(rule.get('ID')) for rule in found) or 'no rule at all'}",
        hint="Several deployments write to this bucket at once. Run the same again when the others have ended.",
    )


def _put(
    aws: Aws,
    identity: Identity,
    found: "Sequence[CORSRuleOutputTypeDef]",
    merged: "Sequence[CORSRuleUnionTypeDef]",
    is_in: "Callable[[Sequence[CORSRuleOutputTypeDef]], bool]",
) -> "Sequence[CORSRuleOutputTypeDef]":
    """Put the rules, and return what is there when others have had their turn.

    Where the answer was lost, that tells whether S3 took it. If not, the error is raised, so that the whole verb is
    done again, from its read.
    """
    put = sent(aws.patience, lambda: write(aws, identity, merged))
    if put.slow:
        aws.care.tell(slow_write(f"cors.{identity['bucket']}", "the CORS rules", "rules"))
    let_others_have_their_turn(aws.patience, "the bucket's CORS rules")
    shown = until_steady(aws.patience, lambda: read(aws, identity), arrived=is_in, former=found, same=_same)
    if put.error is not None and _same(shown, found):
        raise put.error
    return shown


def _same(one: "Sequence[CORSRuleOutputTypeDef]", other: "Sequence[CORSRuleOutputTypeDef]") -> bool:
    return list(one) == list(other)


def _tell_lost(
    aws: Aws, bucket: str, theirs: "Sequence[CORSRuleOutputTypeDef]", found: "Sequence[CORSRuleOutputTypeDef]"
) -> None:
    lost = [rule for rule in theirs if rule not in found]
    if lost:
        message = f"While this run wrote, somebody else removed or changed these CORS rules of others: {lost}"
        aws.care.tell(Remark("foreign-rules-changed", f"cors.{bucket}", message))
