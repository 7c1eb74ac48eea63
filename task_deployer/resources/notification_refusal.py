"""Why S3 refuses a notification document: whose destination it is, whether it is dead or forbidden, and what to do.

S3 checks every destination of the document, those of others too, and says the same of a function that is not there, one
that it may not invoke, and one whose permission it does not see yet. So the destinations that it names are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Identity
from task_deployer.resources.destinations import Finding, look, unfit
from task_deployer.resources.notification_document import Document, Entry, entries_in
from task_deployer.retry import NOTIFICATION_VALID, looking

_OURS_AGAIN = (
    "Run `task-deploy up` again: it makes what is missing. If it stays so, `task-deploy status` shows the drift."
)

_SHOWN, _SHOWN_SECONDS = "AWS to show that S3 may send to what is ours", 60


@dataclass(frozen=True)
class Target:
    """A whole document as it is to be. `ours` are the destinations in it that are ours to mend.

    `deed`: what the put of it does, in words that end a sentence.
    """

    document: Document
    ours: Sequence[str]
    deed: str


def refused_destinations(error: ClientError) -> dict[str, str]:
    """Which destinations S3 refuses, and why: `ArgumentName1` is `<arn>, null`, `ArgumentValue1` the reason."""
    answer: Mapping[str, object] = {**error.response.get("Error", {})}
    numbers = (key.removeprefix("ArgumentName") for key in answer if key.startswith("ArgumentName"))
    return {
        str(answer[f"ArgumentName{n}"]).partition(",")[0].strip(): str(answer.get(f"ArgumentValue{n}", ""))
        for n in numbers
    }


def is_others_alone(error: ClientError, ours: Sequence[str]) -> bool:
    """Whether S3 could not validate destinations, and names such of others alone."""
    named = refused_destinations(error)
    return NOTIFICATION_VALID.matches(error) and bool(named) and not set(named) & set(ours)


def is_ours_too(error: ClientError, ours: Sequence[str]) -> bool:
    """Whether S3 could not validate destinations, and names ours beside those of others: it may not see them yet."""
    named = set(refused_destinations(error))
    return NOTIFICATION_VALID.matches(error) and bool(named & set(ours)) and bool(named - set(ours))


def raise_explained(aws: Aws, error: ClientError, bucket: Identity, target: Target) -> NoReturn:
    """Raise `ResourceError` for a refusal that will not pass; the client's own error where waiting may help.

    It helps with others' dead destinations too, if they are to be passed over: in a while S3 names them alone.
    """
    if code_of(error) != "InvalidArgument" or (aws.care.skip_dead_foreign and is_ours_too(error, target.ours)):
        raise error
    wanted = target.document
    named = refused_destinations(error) or {arn: message_of(error) for arn in _unfit(aws, wanted)}
    theirs = {arn: why for arn, why in named.items() if arn not in target.ours}
    if theirs:
        raise _refused(aws, error, bucket, _entries(wanted, theirs), _skipping(aws, target)) from error
    if named and not NOTIFICATION_VALID.matches(error):
        raise _refused(aws, error, bucket, _entries(wanted, named)) from error
    raise error


def absent(aws: Aws, error: ClientError, bucket: Identity, entries: Sequence[Entry]) -> frozenset[str]:
    """The destinations of ours that S3 refuses and that are not there at all.

    A policy without our statement proves nothing: GetPolicy shows it late too, and SQS its attributes up to a minute.
    """
    mine = {entry.destination for entry in entries} & set(refused_destinations(error))
    return frozenset(arn for arn in mine if look(aws, bucket, arn).is_absent)


def waited_out(aws: Aws, error: ClientError, bucket: Identity, entries: Sequence[Entry]) -> ResourceError:
    """What to raise when no waiting helps, or S3 has refused ours for as long as we wait: what a look at them finds."""
    named = refused_destinations(error)
    mine = [(entry, look(aws, bucket, entry.destination)) for entry in entries if entry.destination in named]
    wrong = [entry for entry, finding in mine if _is_wrong(finding)]
    if wrong:
        return _refused(aws, error, bucket, wrong)
    found = {entry.destination: finding.why for entry, finding in mine}
    theirs, seconds = ", ".join(arn for arn in named if arn not in found), NOTIFICATION_VALID.seconds
    beside = [f"S3 refuses also what is not ours, which is passed over once it sees ours: {theirs}."] if theirs else []
    return ResourceError(
        f"S3 has not seen within {seconds:.0f} seconds that the bucket {bucket['bucket']} may notify "
        + ", ".join(found),
        code=code_of(error),
        detail="\n".join([*(f"{arn}: {why}." for arn, why in found.items()), *beside]),
        hint="Run the same command again: it goes on from here.",
    )


def check_ours(aws: Aws, bucket: Identity, ours: Sequence[str]) -> None:
    """Look at destinations of ours, which S3 is about not to check. Raises `ResourceError` for one that it cannot use.

    What was just written may be seen late; what may not be read is left to S3, which has refused those of others alone.
    """
    for arn in dict.fromkeys(ours):
        finding = looking(aws.patience, _SHOWN, _SHOWN_SECONDS, partial(look, aws, bucket, arn), _is_wrong)
        if _is_wrong(finding):
            raise ResourceError(
                f"The notifications of the bucket {bucket['bucket']} cannot be put without S3's check",
                code="DestinationNotReady",
                detail=f"{arn}: {finding.why}. S3 would take the entry, and drop its events.",
                hint=_OURS_AGAIN,
            )


def _is_wrong(finding: Finding) -> bool:
    return finding.is_dead or finding.is_unfit


def ask_the_owner(finding: Finding) -> str:
    """What can be done about a destination that is not ours."""
    return finding.advice or "Ask its owner to mend or remove that entry."


def _skipping(aws: Aws, target: Target) -> str:
    """The advice to pass over destinations of others; none where that is asked for already."""
    return (
        ""
        if aws.care.skip_dead_foreign
        else f" Or add --skip-dead-foreign: S3 then checks no destination, and {target.deed}."
    )


def _refused(
    aws: Aws, error: ClientError, bucket: Identity, entries: Sequence[Entry], skipping: str | None = None
) -> ResourceError:
    """Name the entries: those of others where there is a word on `skipping` them, else ours."""
    whose = "of ours" if skipping is None else "that is not ours"
    told = [(entry, look(aws, bucket, entry.destination)) for entry in entries]
    return ResourceError(
        f"S3 refuses the notifications of the bucket {bucket['bucket']} because of an entry {whose}: "
        + ", ".join(dict.fromkeys(entry.destination for entry in entries)),
        code=code_of(error),
        detail="\n".join([*_lines(error, told), "The document was left as it was."]),
        hint=" ".join(dict.fromkeys(_advice(finding, skipping) for _, finding in told)),
    )


def _lines(error: ClientError, told: Sequence[tuple[Entry, Finding]]) -> Iterator[str]:
    named = refused_destinations(error)
    for entry, finding in told:
        yield f"{entry}: {finding.why}"
    yield f"S3 says: {'; '.join(dict.fromkeys(named.values())) or message_of(error)}"


def _advice(finding: Finding, skipping: str | None) -> str:
    if skipping is None:  # `up` makes what is missing of ours: who does it by hand makes what nobody has recorded
        return finding.advice if finding.is_unfit else _OURS_AGAIN
    return f"{ask_the_owner(finding)}{'' if finding.is_unfit else skipping}"


def _entries(wanted: Document, named: Mapping[str, str]) -> list[Entry]:
    """The entries with these destinations; S3 may name one that is in none, so that it is told all the same."""
    found = [entry for entry in entries_in(wanted) if entry.destination in named]
    rest = set(named) - {entry.destination for entry in found}
    return [*found, *(Entry("an entry", arn, ()) for arn in sorted(rest))]


def _unfit(aws: Aws, wanted: Document) -> list[str]:
    """Some refusals name nobody: then those that S3 cannot take wherever they are."""
    return [entry.destination for entry in entries_in(wanted) if unfit(aws.account, entry.destination)]
