"""Rows about what takes time to be effective: rights, roles, updates. AWS refuses until then, and says so."""

import json
import random
from typing import TYPE_CHECKING, ClassVar

from task_deployer.errors import ResourceError
from tests.faults.lab.call import Answer, Call, refused
from tests.faults.lab.row import Ending, Row

if TYPE_CHECKING:
    from tests.faults.lab.lab import Lab
    from tests.faults.scene import Scene


class Lag(Row):
    """Some calls are refused for a while after another one."""

    lasts: ClassVar[tuple[float, float, float]]

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._until: dict[str, float] = {}

    def begin(self, thing: str, lab: "Lab") -> None:
        """From now on, for a while."""
        self._until[thing] = lab.clock.now() + self.seconds(*self.lasts)

    def lags(self, thing: str, lab: "Lab") -> bool:
        """Whether it still takes time."""
        return lab.clock.now() < self._until.get(thing, 0)


class RoleNotAssumable(Lag):
    """A new role cannot be assumed by Lambda; seldom it never can, as where an organisation forbids it."""

    number = 1
    name = "a new role is not assumable"
    endings = (Ending(ResourceError, "cannot be assumed by Lambda"),)
    lasts = (5, 15, 150)

    def done(self, call: Call, lab: "Lab") -> None:
        """A role was made, or trusts somebody else."""
        if call.operation in ("CreateRole", "UpdateAssumeRolePolicy"):
            self.begin(call.thing, lab)
            if self.chance.random() < _NEVER:
                self._until[call.thing] = float("inf")

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Lambda cannot assume it."""
        role = call.text("Role").rpartition("/")[2]
        if call.operation in ("CreateFunction", "UpdateFunctionConfiguration") and self.lags(role, lab):
            text = "The role defined for the function cannot be assumed by Lambda."
            return refused(call, 400, "InvalidParameterValueException", text)
        return None


_NEVER = 0.1


class ReaderNotAssumable(Lag):
    """A new role cannot be assumed by what reads the queue, although the function was made with it."""

    number = 1
    name = "a new role is not assumable for a queue"
    delivers = True
    lasts = (5, 15, 150)

    def done(self, call: Call, lab: "Lab") -> None:
        """A role was made; which function has it does not matter with one task."""
        if call.operation == "CreateRole":
            self.begin("", lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Lambda cannot assume it."""
        if call.operation == "CreateEventSourceMapping" and self.lags("", lab):
            text = "The role defined for the function cannot be assumed by Lambda."
            return refused(call, 400, "InvalidParameterValueException", text)
        return None


class TargetStillSeen(Lag):
    """DeleteRule still sees a target that was removed."""

    number = 35
    name = "a rule still seems to have its target"
    delivers = True
    lasts = (0, 20, 100)

    def done(self, call: Call, lab: "Lab") -> None:
        """A target was removed."""
        if call.operation == "RemoveTargets":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The rule has targets."""
        if call.operation == "DeleteRule" and self.lags(call.thing, lab):
            return refused(call, 400, "ValidationException", "Rule can't be deleted since it has targets.")
        return None


class DeadLettersNotSeen(Lag):
    """SQS does not see a new queue yet where another one names it for its dead letters."""

    number = 21
    name = "a new dead-letter queue is not seen"
    delivers = True
    lasts = (0, 2, 30)

    def done(self, call: Call, lab: "Lab") -> None:
        """A queue was made."""
        if call.operation == "CreateQueue":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """It is not there to be named."""
        attributes = call.params.get("Attributes")
        redrive = attributes.get("RedrivePolicy") if isinstance(attributes, dict) else None
        if not redrive or not self.lags(json.loads(redrive)["deadLetterTargetArn"].rpartition(":")[2], lab):
            return None
        code = "InvalidParameterValue" if call.operation == "CreateQueue" else "InvalidAttributeValue"
        text = f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
        return refused(call, 400, code, text)


class FunctionNotSeen(Lag):
    """Lambda does not know a new function yet where its other documents are written."""

    number = 21
    name = "a new function is not seen by what writes its documents"
    lasts = (0, 3, 20)

    def done(self, call: Call, lab: "Lab") -> None:
        """A function was made."""
        if call.operation == "CreateFunction":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """It is not there."""
        documents = ("PutFunctionConcurrency", "PutFunctionEventInvokeConfig", "AddPermission")
        if call.operation not in documents or not self.lags(call.thing, lab):
            return None
        return refused(call, 404, "ResourceNotFoundException", f"Function not found: {call.thing}")


class FunctionNotMappable(FunctionNotSeen):
    """Nor does it where a queue is mapped to it, and says so in one of three ways."""

    name = "a new function is not seen by a mapping"
    delivers = True

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """It, or its role, is not there."""
        if call.operation != "CreateEventSourceMapping" or not self.lags(call.thing, lab):
            return None
        if self.chance.random() < 1 / 3:
            return refused(call, 404, "ResourceNotFoundException", f"Function not found: {call.thing}")
        texts = (
            "Function does not exist",
            "Please add Lambda as a Trusted Entity for arn:aws:iam::000000000000:role/r",
        )
        return refused(call, 400, "InvalidParameterValueException", self.chance.choice(texts))


class TargetsCollide(Lag):
    """Somebody else is at the rules of the account: PutTargets and RemoveTargets answer 200 with ours failed."""

    number = 36
    name = "targets of a rule fail inside a 200"
    delivers = True
    lasts = (1, 5, 40)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._met: set[str] = set()

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Each of the two meets the other's change when it is tried for the first time."""
        if call.operation not in ("PutTargets", "RemoveTargets"):
            return None
        if call.operation not in self._met:
            self._met.add(call.operation)
            self.begin(call.operation, lab)
        if not self.lags(call.operation, lab):
            return None
        failed = {
            "TargetId": "function",
            "ErrorCode": "ConcurrentModificationException",
            "ErrorMessage": "The rule is being modified at the same time.",
        }
        body = json.dumps({"FailedEntryCount": 1, "FailedEntries": [failed]})
        return Answer(200, body.encode(), label="failed inside")


class FunctionBusy(Lag):
    """Lambda works on after its answer, and takes no other change meanwhile; seldom it fails."""

    number = 2
    name = "a function is busy after a change"
    endings = (Ending(ResourceError, "could not make the function .* ready"),)
    lasts = (1, 5, 60)
    _CHANGES: ClassVar = {"UpdateFunctionCode", "UpdateFunctionConfiguration"}

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._pending: dict[str, bool] = {}
        self._failed: dict[str, bool] = {}
        self._begun: dict[str, float] = {}

    def done(self, call: Call, lab: "Lab") -> None:
        """A change has begun; a deletion takes all of it away."""
        if call.operation == "DeleteFunction":
            self._until.pop(call.thing, None)
            self._failed.pop(call.thing, None)
        if call.operation == "CreateFunction" or call.operation in self._CHANGES:
            self.begin(call.thing, lab)
            self._begun[call.thing] = lab.clock.now()
            self._pending[call.thing] = call.operation == "CreateFunction"
            self._failed[call.thing] = self.chance.random() < _NEVER

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """No other change is taken."""
        if call.service != "lambda" or not call.mutating or not self.lags(call.thing, lab):
            return None
        if call.operation == "CreateFunction":  # one that exists is told first
            return None
        if self._pending[call.thing]:
            text = "The function is currently in the following state: Pending"
        else:
            text = f"An update is in progress for resource: {lab.behind.aws.account.arn('lambda', call.thing)}"
        text = f"The operation cannot be performed at this time. {text}"
        return refused(call, 409, "ResourceConflictException", text)

    def answered(self, call: Call, answer: Answer, lab: "Lab") -> Answer:
        """The function as it is under way, or after a failure."""
        name = call.thing
        if call.operation not in ("GetFunction", "GetFunctionConfiguration") or not answer.good:
            return answer
        if not self.lags(name, lab) and not self._failed.get(name):
            return answer
        found = json.loads(answer.body)
        configuration = found["Configuration"] if call.operation == "GetFunction" else found
        configuration.update(self._standing(name, lab))
        told = {key: configuration.get(key) for key in ("State", "LastUpdateStatus")}
        lab.note(self, call, str(told))
        return Answer(200, json.dumps(found).encode())

    def _standing(self, name: str, lab: "Lab") -> dict[str, str | None]:
        key = "State" if self._pending[name] else "LastUpdateStatus"
        if not self.lags(name, lab):
            return {key: "Failed", f"{key}Reason": "An internal error occurred.", f"{key}ReasonCode": "InternalError"}
        if self._pending[name]:
            return {"State": "Pending", "StateReasonCode": "Creating", "LastUpdateStatus": None}
        just_begun = lab.clock.now() - self._begun[name] < 0.3
        return {"LastUpdateStatus": None if just_begun else "InProgress"}

    def relieve(self, scene: "Scene", lab: "Lab") -> None:  # noqa: ARG002 - nothing but itself
        """What failed stays failed until its next update; there will be no further failure."""
        self.over = False
        self.chance = _Never(0)


class _Never(random.Random):
    """Chance of which the worst never comes: every draw is in the middle."""

    def random(self) -> float:
        """Half."""
        return 0.5


class DestinationNotSeen(Lag):
    """S3 does not see a new invoke permission yet."""

    number = 3
    name = "S3 does not see a new permission"
    lasts = (0, 3, 60)

    def done(self, call: Call, lab: "Lab") -> None:
        """A statement was added."""
        if call.operation == "AddPermission":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """S3 may not invoke it."""
        arns = [arn for arn in _functions_in(call) if self.lags(arn.rpartition(":")[2], lab)]
        if not arns:
            return None
        return unable_to_validate(call, f"{arns[0]}, null", f"Not authorized to invoke function [{arns[0]}]")


def _functions_in(call: Call) -> list[str]:
    if call.operation != "PutBucketNotificationConfiguration":
        return []
    document = call.params["NotificationConfiguration"]
    assert isinstance(document, dict)
    return [entry["LambdaFunctionArn"] for entry in document.get("LambdaFunctionConfigurations", [])]


def unable_to_validate(call: Call, name: str, value: str) -> Answer:
    """S3 names the destination and the reason in fields of their own."""
    text = "Unable to validate the following destination configurations"
    return refused(call, 400, "InvalidArgument", text, {"ArgumentName1": name, "ArgumentValue1": value})


class PolicyNotEffective(Lag):
    """A role's new policy is not effective yet: Lambda does not see the right to send failures."""

    number = 9
    name = "a new policy is not effective"
    lasts = (2, 30, 100)

    def done(self, call: Call, lab: "Lab") -> None:
        """A policy was put; which function has the role does not matter with one task."""
        if call.operation == "PutRolePolicy":
            self.begin("", lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The destination is refused, in one of two ways."""
        if call.operation != "PutFunctionEventInvokeConfig" or not self.lags("", lab):
            return None
        destinations = call.params["DestinationConfig"]
        assert isinstance(destinations, dict)
        arn = destinations["OnFailure"].get("Destination")
        if arn is None:
            return None
        texts = (
            f"The destination ARN {arn} is invalid.",
            f"The function's execution role does not have permissions to call SendMessage on {arn}",
        )
        return refused(call, 400, "InvalidParameterValueException", self.chance.choice(texts))


class RoleStillInUse(Lag):
    """DeleteRole still sees a policy that was deleted."""

    number = 18
    name = "a role still seems to have its policy"
    lasts = (0, 20, 60)

    def done(self, call: Call, lab: "Lab") -> None:
        """A policy was deleted."""
        if call.operation == "DeleteRolePolicy":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The role is in use."""
        if call.operation == "DeleteRole" and self.lags(call.thing, lab):
            return refused(call, 409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
        return None


class RoleBusy(Lag):
    """IAM is at another change of the role when ours comes: somebody tags all roles of the account."""

    number = 30
    name = "changes of one role collide"
    lasts = (1, 10, 60)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._met: set[tuple[str, str]] = set()

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Each change meets another one, or not, when it is tried for the first time."""
        if call.service != "iam" or not call.mutating:
            return None
        change = (call.operation, call.thing)
        if change not in self._met and self.chance.random() < _OFTEN:
            self.begin(call.thing, lab)
        self._met.add(change)
        if not self.lags(call.thing, lab):
            return None
        text = "The request was rejected because multiple requests to change this object were submitted simultaneously."
        return refused(call, 409, "ConcurrentModification", text)


_OFTEN = 0.5


class BucketBusy(Lag):
    """Writes to one bucket collide."""

    number = 14
    name = "writes to one bucket collide"
    lasts = (1, 5, 10)

    def done(self, call: Call, lab: "Lab") -> None:
        """One was written."""
        if _writes_bucket(call) and self.chance.random() < 0.4:
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """The next one collides with it."""
        return _aborted(call) if _writes_bucket(call) and self.lags(call.thing, lab) else None


class BucketNameBusy(Lag):
    """The name of a deleted bucket is busy for long, and sometimes for longer than anybody waits."""

    number = 14
    name = "a deleted bucket holds its name"
    outlives = True
    endings = (Ending(ResourceError, "OperationAborted"),)
    lasts = (60, 200, 900)

    def done(self, call: Call, lab: "Lab") -> None:
        """A bucket was deleted."""
        if call.operation == "DeleteBucket":
            self.begin(call.thing, lab)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """Its name is not free."""
        return _aborted(call) if call.operation == "CreateBucket" and self.lags(call.thing, lab) else None


def _writes_bucket(call: Call) -> bool:
    return call.mutating and call.service == "s3" and ("Bucket" in call.operation or "PublicAccess" in call.operation)


def _aborted(call: Call) -> Answer:
    text = "A conflicting conditional operation is currently in progress against this resource. Please try again."
    return refused(call, 409, "OperationAborted", text)


LAGS: tuple[type[Row], ...] = (
    RoleNotAssumable,
    ReaderNotAssumable,
    FunctionBusy,
    DestinationNotSeen,
    PolicyNotEffective,
    RoleBusy,
    BucketBusy,
    BucketNameBusy,
    RoleStillInUse,
    TargetStillSeen,
    TargetsCollide,
    DeadLettersNotSeen,
    FunctionNotSeen,
    FunctionNotMappable,
)
