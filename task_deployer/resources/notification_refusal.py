"""Why S3 refuses a notification document: whose destination it is, whether it is dead or forbidden, and what to do.

S3 checks every destination of the document, those of others too, and says the same of a function that is not there, one
that it may not invoke, and one whose permission it does not see yet. So the destinations that it names are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from botocore.exceptions import ClientError

from task_deployer.aws import Aws
from task_deployer.errors import ResourceError
from task_deployer.refusals import code_of, message_of
from task_deployer.resources.base import Identity
from task_deployer.resources.destinations import Finding, look, unfit
from task_deployer.resources.notification_document import Document, Entry, entries_in
from task_deployer.retry import NOTIFICATION_VALID

_OURS_AGAIN = (
    "Run `task-deploy up` again: it makes what is missing. If it stays so, `task-deploy status` shows the drift."
)


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


def raise_explained(aws: Aws, error: ClientError, bucket: Identity, wanted: Document, ours: Sequence[str]) -> NoReturn:
    """Raise `ResourceError` for a refusal that will not pass; the client's own error where waiting may help.

    It helps with others' dead destinations too, if they are to be passed over: in a while S3 names them alone.
    """
    if code_of(error) != "InvalidArgument" or (aws.care.skip_dead_foreign and is_ours_too(error, ours)):
        raise error
    named = refused_destinations(error) or {arn: message_of(error) for arn in _unfit(aws, wanted)}
    theirs = {arn: why for arn, why in named.items() if arn not in ours}
    if theirs:
        raise _refused(aws, error, bucket, _entries(wanted, theirs), own=False) from error
    if named and not NOTIFICATION_VALID.matches(error):
        raise _refused(aws, error, bucket, _entries(wanted, named), own=True) from error
    raise error


def hopeless(aws: Aws, error: ClientError, bucket: Identity, entries: Sequence[Entry]) -> ResourceError | None:
    """What is wrong with destinations of ours that S3 goes on refusing; None if nothing is, so that it will pass."""
    named = refused_destinations(error)
    mine = [entry for entry in entries if entry.destination in named]
    if all(look(aws, bucket, entry.destination).is_fine for entry in mine):
        return None
    return _refused(aws, error, bucket, mine, own=True)


def unseen(error: ClientError, bucket: str, entries: Sequence[Entry]) -> ResourceError:
    """What to raise when nothing is wrong with ours, and S3 has refused them for as long as we wait."""
    ours = {entry.destination for entry in entries}
    named = refused_destinations(error)
    theirs = [arn for arn in named if arn not in ours]
    beside = f"\nS3 refuses also what is not ours, which is passed over once it sees ours: {', '.join(theirs)}."
    return ResourceError(
        f"S3 has not seen within {NOTIFICATION_VALID.seconds:.0f} seconds that the bucket {bucket} may notify "
        + ", ".join(arn for arn in named if arn in ours),
        code=code_of(error),
        detail="What it notifies is there and lets S3 send to it; mostly that takes S3 some seconds."
        + (beside if theirs else ""),
        hint="Run the same command again: it goes on from here.",
    )


def check_ours(aws: Aws, bucket: Identity, ours: Sequence[str]) -> None:
    """Look at destinations of ours, which S3 is about not to check. Raises `ResourceError` for one that is not fine."""
    for arn in dict.fromkeys(ours):
        finding = look(aws, bucket, arn)
        if not finding.is_fine:
            raise ResourceError(
                f"The notifications of the bucket {bucket['bucket']} cannot be put without S3's check",
                code="DestinationNotReady",
                detail=f"{arn}: {finding.why}. S3 would take the entry, and drop its events.",
                hint=_OURS_AGAIN,
            )


def ask_the_owner(finding: Finding) -> str:
    """What can be done about a destination that is not ours."""
    return finding.advice or "Ask its owner to mend or remove that entry."


def _refused(aws: Aws, error: ClientError, bucket: Identity, entries: Sequence[Entry], *, own: bool) -> ResourceError:
    skips = aws.care.skip_dead_foreign
    whose = "of ours" if own else "that is not ours"
    told = [(entry, look(aws, bucket, entry.destination)) for entry in entries]
    return ResourceError(
        f"S3 refuses the notifications of the bucket {bucket['bucket']} because of an entry {whose}: "
        + ", ".join(dict.fromkeys(entry.destination for entry in entries)),
        code=code_of(error),
        detail="\n".join([*_lines(error, told), "The document was left as it was."]),
        hint=" ".join(dict.fromkeys(_advice(finding, own=own, skips=skips) for _, finding in told)),
    )


def _lines(error: ClientError, told: Sequence[tuple[Entry, Finding]]) -> Iterator[str]:
    named = refused_destinations(error)
    for entry, finding in told:
        yield f"{entry}: {finding.why}"
    yield f"S3 says: {'; '.join(dict.fromkeys(named.values())) or message_of(error)}"


def _advice(finding: Finding, *, own: bool, skips: bool) -> str:
    if own:
        return finding.advice or _OURS_AGAIN
    useless = finding.is_unfit or skips
    skip = "" if useless else " Or add --skip-dead-foreign: S3 then checks no destination, and ours are put."
    return f"{ask_the_owner(finding)}{skip}"


def _entries(wanted: Document, named: Mapping[str, str]) -> list[Entry]:
    """The entries with these destinations; S3 may name one that is in none, so that it is told all the same."""
    found = [entry for entry in entries_in(wanted) if entry.destination in named]
    rest = set(named) - {entry.destination for entry in found}
    return [*found, *(Entry("an entry", arn, ()) for arn in sorted(rest))]


def _unfit(aws: Aws, wanted: Document) -> list[str]:
    """Some refusals name nobody: then those that S3 cannot take wherever they are."""
    return [entry.destination for entry in entries_in(wanted) if unfit(aws.account, entry.destination)]
