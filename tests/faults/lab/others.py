"""Rows in which somebody else is at work: an operator, another account, another stack."""

import json
import random
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from task_deployer.errors import ResourceError, SafetyError
from tests.faults.lab.call import Answer, Call, forbidden, refused
from tests.faults.lab.row import DOWN, DRIFT, Ending, Row
from tests.invariants import read_foreign

if TYPE_CHECKING:
    from tests.faults.lab.lab import Lab
    from tests.faults.scene import Scene


class RoleReplaced(Row):
    """Somebody deletes the role and makes it anew, just the same: Lambda keeps a grant for the old one's id.

    Every invocation fails then, until the function was given another role, or was made anew.
    """

    number = 17
    name = "the role is replaced under the function"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._given: dict[str, tuple[str, str]] = {}

    def done(self, call: Call, lab: "Lab") -> None:
        """A function is given a role: Lambda makes a grant for the id, where the ARN is another than before."""
        role = call.text("Role")
        if call.operation not in ("CreateFunction", "UpdateFunctionConfiguration") or not role:
            return
        if call.operation == "CreateFunction" or self._given.get(call.thing, ("", ""))[0] != role:
            self._given[call.thing] = (role, _role_id(lab, role))

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:
        """Delete the role and make it again."""
        if stage != DRIFT:
            return False
        iam, name = lab.behind.aws.iam, f"{scene.name}-dev-ingest-eu-central-1"
        role = iam.get_role(RoleName=name)["Role"]
        policy = iam.get_role_policy(RoleName=name, PolicyName="LambdaPolicy")["PolicyDocument"]
        iam.delete_role_policy(RoleName=name, PolicyName="LambdaPolicy")
        iam.delete_role(RoleName=name)
        trust, tags = role["AssumeRolePolicyDocument"], role["Tags"]
        iam.create_role(RoleName=name, Path=role["Path"], AssumeRolePolicyDocument=_text(trust), Tags=tags)
        iam.put_role_policy(RoleName=name, PolicyName="LambdaPolicy", PolicyDocument=_text(policy))
        self.acted = True
        return True

    def check(self, scene: "Scene", lab: "Lab") -> None:  # noqa: ARG002 - all functions
        """Each function has a grant for the role that is there."""
        for function, (role, role_id) in self._given.items():
            with suppress(ClientError):
                assert _role_id(lab, role) == role_id, f"every invocation of {function} fails: its role was replaced"


def _role_id(lab: "Lab", arn: str) -> str:
    return lab.behind.aws.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]["RoleId"]


def _text(document: object) -> str:
    return json.dumps(document)


class BucketOfAnother(Row):
    """Another account has the bucket's name, or makes a bucket of it while we are at work; or another stack of ours."""

    number = 19
    name = "the bucket is another's"
    endings = (Ending(SafetyError, "belongs to another account|exists already and is not (ours|in the manifest)"),)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._way = chance.choice(("HEAD says 403", "another account is quicker", "another stack is quicker"))
        self._theirs = ""

    def meet(self, call: Call, lab: "Lab") -> Answer | None:
        """It is not ours."""
        if not call.thing.endswith("-eu-central-1") or call.service != "s3":
            return None
        if call.operation == "HeadBucket" and self._way == "HEAD says 403":
            return refused(call, 403, "", "")
        if call.operation == "CreateBucket" and self._way == "another account is quicker":
            text = (
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system."
            )
            return refused(call, 409, "BucketAlreadyExists", text)
        if call.operation == "CreateBucket" and self._way == "another stack is quicker" and not self._theirs:
            self._theirs = call.thing
            lab.behind.aws.s3.create_bucket(
                Bucket=call.thing, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
            lab.litter.add(f"bucket {call.thing}")
            lab.note(self, call, self._way)
        return None

    def relieve(self, scene: "Scene", lab: "Lab") -> None:  # noqa: ARG002 - nothing of ours
        """They give the name up."""
        lab.litter.discard(f"bucket {self._theirs}")
        if self._theirs:
            lab.behind.aws.s3.delete_bucket(Bucket=self._theirs)


class BlockIsGuarded(Row):
    """Nobody may write the setting that a new bucket has from its birth: an organization forbids it, as a guardrail."""

    number = 20
    name = "nobody may write a bucket's public access block"
    endings = (Ending(ResourceError, "PutPublicAccessBlock is forbidden"),)

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """No."""
        return forbidden(call) if call.operation == "PutPublicAccessBlock" else None


class BornOpen(Row):
    """A new bucket has no public access block, as S3's had none before 2023."""

    number = 20
    name = "a new bucket does not block public access"

    def done(self, call: Call, lab: "Lab") -> None:
        """It is as it was then."""
        if call.operation == "CreateBucket":
            lab.behind.aws.s3.delete_public_access_block(Bucket=call.thing)
            lab.note(self, call, "it has none")


class OperatorAddsEntry(Row):
    """An operator adds a notification entry to the shared bucket after our look: it has to survive, or be told."""

    number = 30
    name = "an operator adds an entry meanwhile"
    endings = (Ending(ResourceError, "changed by somebody else while we wrote ours"),)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._after = chance.choice(("the first look", "our write"))
        self._added = False

    def done(self, call: Call, lab: "Lab") -> None:
        """Between the plan's look and the verb's own, or between our write and the look after it."""
        moment = {
            "the first look": "GetBucketNotificationConfiguration",
            "our write": "PutBucketNotificationConfiguration",
        }[self._after]
        if call.operation != moment or not call.thing.endswith("-theirs") or self._added:
            return
        self._added = True
        s3, arn = lab.behind.aws.s3, lab.behind.aws.account.arn("sqs", call.thing)
        document = s3.get_bucket_notification_configuration(Bucket=call.thing)
        late = {"Id": "theirs-late", "QueueArn": arn, "Events": ["s3:ObjectTagging:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=call.thing,
            NotificationConfiguration={
                **{key: value for key, value in document.items() if key != "ResponseMetadata"},  # type: ignore[typeddict-item]  # as S3 gave it
                "QueueConfigurations": [*document["QueueConfigurations"], late],
            },
        )
        lab.foreign = read_foreign(lab.behind.aws, call.thing.removesuffix("-theirs"))
        lab.note(self, call, f"an entry comes after {self._after}")


class OperatorEdits(Row):
    """An operator edits the function and a statement between two runs, and again just when we come."""

    number = 30
    name = "an operator edits the function"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._busy = 0

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:
        """Edit both."""
        if stage != DRIFT:
            return False
        client, name = lab.behind.aws.lambda_, f"{scene.name}-dev-ingest"
        client.update_function_configuration(FunctionName=name, MemorySize=1024)
        _edit_statement(scene, lab)
        self._busy = 2
        self.acted = True
        return True

    def meet(self, call: Call, lab: "Lab") -> Answer | None:  # noqa: ARG002 - always
        """Their update is under way."""
        if self._busy and call.service == "lambda" and call.mutating:
            self._busy -= 1
            text = "The function could not be updated due to a concurrent update operation."
            return refused(call, 409, "ResourceConflictException", text)
        return None


def _edit_statement(scene: "Scene", lab: "Lab") -> None:
    """Exchange the statement of one bucket, or of one rule."""
    client, name = lab.behind.aws.lambda_, f"{scene.name}-dev-ingest"
    statement = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    client.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    client.add_permission(
        FunctionName=name,
        StatementId=statement["Sid"],
        Action="lambda:InvokeFunction",
        Principal=statement["Principal"]["Service"],
        SourceArn="arn:aws:s3:::somewhere-else",
    )


class RemovedMeanwhile(Row):
    """A statement was edited, and is gone when we come to remove it: Lambda says so in words of its own."""

    number = 33
    name = "a statement is gone when it is removed"

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:
        """Edit it."""
        if stage == DRIFT:
            _edit_statement(scene, lab)
        return stage == DRIFT

    def answered(self, call: Call, answer: Answer, lab: "Lab") -> Answer:
        """Somebody was quicker."""
        if call.operation != "RemovePermission":
            return answer
        text = f"Statement {call.text('StatementId')} is not found in resource policy."
        lab.note(self, call, text)
        return refused(call, 404, "ResourceNotFoundException", text)


class PolicyAttached(Row):
    """An operator has attached a policy to our role: IAM does not delete it."""

    number = 18
    name = "an operator has attached a policy"
    endings = (Ending(ResourceError, "has policies that are not ours"),)
    _arn = ""

    def disturb(self, stage: str, scene: "Scene", lab: "Lab") -> bool:
        """Attach one, where there is a role."""
        iam = lab.behind.aws.iam
        if stage == DOWN and not self.acted:
            with suppress(iam.exceptions.NoSuchEntityException):
                role = iam.get_role(RoleName=_role_of(scene))["Role"]["RoleName"]
                statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
                document = _text({"Version": "2012-10-17", "Statement": [statement]})
                policy = iam.create_policy(PolicyName=f"{scene.name}-theirs", PolicyDocument=document)["Policy"]
                self._arn = policy["Arn"]
                iam.attach_role_policy(RoleName=role, PolicyArn=self._arn)
                self.acted = True
        return False

    def relieve(self, scene: "Scene", lab: "Lab") -> None:
        """Detach it, and delete it."""
        lab.behind.aws.iam.detach_role_policy(RoleName=_role_of(scene), PolicyArn=self._arn)
        lab.behind.aws.iam.delete_policy(PolicyArn=self._arn)


def _role_of(scene: "Scene") -> str:
    return f"{scene.name}-dev-ingest-eu-central-1"


OTHERS: tuple[type[Row], ...] = (
    RoleReplaced,
    PolicyAttached,
    BucketOfAnother,
    BlockIsGuarded,
    BornOpen,
    OperatorAddsEntry,
    OperatorEdits,
    RemovedMeanwhile,
)
