"""The life of a stack in the lab, and what has to hold at each moment of it, whatever the rows do."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from task_deployer.data_loss import Choices
from task_deployer.errors import ConfigError, SafetyError, TaskDeployError
from task_deployer.result import Result
from tests.aws import Crash
from tests.faults.lab.lab import Death, Lab
from tests.faults.lab.row import DOWN, DRIFT
from tests.faults.scene import Scene
from tests.invariants import assert_all_recorded, assert_nothing_left, read_foreign

Deed = Callable[[], Result]

UP, CHANGE = "up", "an up that changes"


class Life:
    """One stack from its first `up` to its `down`. `scene` is seen through the lab.

    A command may fail only as a row says that it may; once that row is over, the same command has to get further.
    """

    def __init__(self, scene: Scene, lab: Lab) -> None:
        self.scene = scene
        self.lab = lab
        self._behind = replace(scene, aws=lab.behind.aws)

    def up(self) -> None:
        """`up` gets there; all is recorded, and a second one finds nothing to do."""
        self._reach(self.scene.up)
        assert_all_recorded(self.scene.manifest)
        for row in self.lab.rows:
            row.check(self._behind, self.lab)
        self._settle()
        self._reach(self.scene.up, changing=False)

    def _settle(self) -> None:
        """Wait where only time tells that reads are to be relied on."""
        self.lab.clock.sleep(max([0, *(row.settles for row in self.lab.active)]))

    def look(self) -> None:
        """`plan` and `status` only look."""
        self._reach(self.scene.plan, changing=False)
        self._reach(self.scene.status, changing=False)

    def drift(self) -> None:
        """Others were at work: `up` sets right what is ours."""
        if self._disturbed(DRIFT):
            self.up()

    def change(self) -> None:
        """`up` brings a changed config about."""
        self.scene.change()
        self.up()

    def down(self) -> None:
        """`down` gets there, and leaves nothing of ours."""
        self._disturbed(DOWN)
        choices = Choices(empty_buckets=any(row.empties for row in self.lab.rows))
        self._reach(lambda: self.scene.down(choices=choices))
        assert_nothing_left(self.lab.behind.aws, self.scene.name, self.scene.folder, self.lab.litter)

    def up_anew(self) -> None:
        """`up` right after `down` gets there too, although AWS has not forgotten yet."""
        self._settle()
        self.up()

    def die(self, deed: str, death: Death) -> None:
        """`up`, an `up` that changes, or `down` dies, if it gets so far."""
        if deed == CHANGE:
            self.scene.change()
        self.lab.death = death
        for error in self._do(self.scene.down if deed == DOWN else self.scene.up):
            self._relieve(error)
        self.lab.death = None

    def _disturbed(self, stage: str) -> bool:
        disturbed = [row.disturb(stage, self._behind, self.lab) for row in self.lab.active]
        return any(disturbed)

    def _reach(self, deed: Deed, *, changing: bool = True) -> None:
        """Do it until it is done; each failure has to be explained by a row, which then is over."""
        for _ in range(2 * len(self.lab.rows) + 2):
            errors = self._do(deed)
            assert changing or not self.lab.mutating, f"it should only look: {self.lab.mutating}"
            if not errors:
                return
            for error in errors:
                self._relieve(error)
        message = "it fails again and again although what it stopped at is over"
        raise AssertionError(message)

    def _do(self, deed: Deed) -> Sequence[TaskDeployError]:
        """Do it once; its errors. Nobody waited in silence, and what is of others is as it was."""
        self.lab.listen_anew()
        errors: list[TaskDeployError] = []
        refused = False
        try:
            errors += [failed.error for failed in deed().outcome.failed]
        except TaskDeployError as error:
            errors.append(error)
            refused = isinstance(error, SafetyError | ConfigError)
        except Crash:
            return ()
        assert not (refused and self.lab.mutating), f"refused after {self.lab.mutating}"
        assert not self.lab.heard.silent, f"waited without saying why: {self.lab.heard}"
        expected = self.lab.foreign or self.scene.foreign
        assert expected == read_foreign(self.lab.behind.aws, self.scene.name)
        return errors

    def _relieve(self, error: TaskDeployError) -> None:
        rows = [row for row in self.lab.rows if row.acted and any(end.matches(error) for end in row.endings)]
        if not rows:
            told = f"{type(error).__name__} of {error.address}: {error.summary} | {error.detail} | {error.hint}"
            message = f"no row explains this end: {told}"
            raise AssertionError(message) from error
        assert error.hint, f"it does not say what to do next: {error.summary}"
        for row in rows:
            if not row.over:
                row.over = True
                row.relieve(self._behind, self.lab)
