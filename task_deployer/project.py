"""Where a command works: the project's folder, its config if it has one, its manifest, and the AWS it speaks to."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from task_deployer import manifest, manifest_file, names
from task_deployer.archive import Archive, pack
from task_deployer.aws import Account, Aws, connect
from task_deployer.config import BASE, Config, check_env, load, stack_name
from task_deployer.config.tree import shown
from task_deployer.errors import ConfigError, SafetyError, UsageError
from task_deployer.in_flight import Lookout
from task_deployer.kept_documents import Kept
from task_deployer.manifest import Manifest
from task_deployer.session import Access, resolve_region

_LOCAL_REGION = "us-east-1"
_ANY_ACCOUNT = "0" * 12


@dataclass(frozen=True)
class Project:
    """What the options say about where to work. `file` is the manifest that the user named, if any."""

    folder: Path = Path("config")
    is_named: bool = False
    """Whether the user named the folder: then it has to hold a config."""
    env: str = "dev"
    access: Access = field(default_factory=Access)
    file: Path | None = None
    local: bool = False
    is_env_named: bool = False
    """Whether the user named the environment: then no manifest of another one is meant."""
    is_file_typed: bool = False
    """Whether the user named the manifest for this very command, and no variable did for all of them."""

    @property
    def root(self) -> Path:
        """The folder that holds the config folder; without a config, the working directory."""
        return Path(os.path.normpath(self.folder.absolute())).parent if self.folder.is_dir() else Path.cwd()

    def config(self) -> Config:
        """Read the config. Raises `ConfigError`."""
        return load(self.folder, self.env)

    def config_if_any(self) -> Config | None:
        """Read the config where there is one, or has to be; a broken one is an error all the same."""
        return self.config() if self.is_named or (self.folder / BASE).is_file() else None

    def to_take_down(self) -> tuple[Config | None, Manifest | None]:
        """The config, if it can be used, and the manifest of the stack that is meant.

        A config with mistakes still says whose manifest is meant. Where it does not, the project's only manifest is,
        unless the user named a config: then no other stack's is taken for it.
        """
        try:
            config = self.config_if_any()
        except ConfigError as error:
            name = stack_name(self.folder, self.env)
            if name is None and self.file is None and not self.is_named:
                return None, self.recorded(None)
            if name is None and self.file is None:
                error.hint = "Mend it, or say with --manifest FILE what is to be taken down: `down` needs that alone."
                raise
            return None, manifest.read(self.manifest_path(name or ""))
        return config, self.recorded(config)

    def check_meant(self, config: Config | None, recorded: Manifest) -> None:
        """Raise `ManifestError` for a manifest that is not what the rest of the command line and the config mean.

        Whoever types its name may mean another stack than the config's, as its former name. No other environment than
        he says.
        """
        stack = recorded.stack if config is None or self.is_file_typed else config.stack.name
        recorded.check_named(stack, self.env if self.is_env_named else recorded.env)

    def manifest_meant(self) -> Path | None:
        """Where the manifest of the stack that is meant is, or would be; None if nothing says which.

        The config is looked into for the stack's name alone; without one it is the project's only manifest.
        """
        check_env(self.env)
        name = stack_name(self.folder, self.env)
        if self.file is not None or name is not None:
            return self.manifest_path(name or "")
        if self.is_named:
            self.config()  # says what is wrong with it
        return manifest.find(self.root, self.env, local=self.local)

    def nothing_here(self) -> ConfigError:
        """The error of a command that needs a config or a manifest, where there is neither."""
        return ConfigError(
            f"There is neither a config in {self.folder} nor a manifest of {self.env!r}",
            hint="Go to the project's folder, or name its config (--config DIR) or its manifest (--manifest FILE).",
        )

    def tidy(self) -> None:
        """Remove what killed runs have left of manifests that are gone: of the one that is named, or of all here."""
        folder = manifest.folder(self.root, local=self.local)
        for path in (self.file,) if self.file else manifest_file.locked_in(folder):
            manifest_file.tidy(path)
        manifest_file.remove_empty(folder)

    def other_manifests(self, recorded: Manifest | None) -> tuple[str, ...]:
        """The project's manifests of the same environment but this one: other stacks, or this one's former name."""
        found = manifest.find_all(self.root, self.env, local=self.local)
        this = os.path.realpath(recorded.path) if recorded else None
        return tuple(shown(path) for path in found if os.path.realpath(path) != this)

    def manifest_path(self, stack: str) -> Path:
        """Where the manifest of this stack is, or will be."""
        return self.file or manifest.folder(self.root, local=self.local) / f"{stack}.{self.env}.json"

    def kept_beside(self) -> Path:
        """The manifest beside which runs keep what they write over, whether it is still there or not.

        The config is looked into for the stack's name alone. Without one, and with several manifests or none, it is
        one in the project's own folder. Raises what `manifest_file.real` does.
        """
        name, found = stack_name(self.folder, self.env), manifest.find_all(self.root, self.env, local=self.local)
        only = found[0] if name is None and self.file is None and len(found) == 1 else None
        return manifest_file.real(only or self.manifest_path(name or ""))

    def recorded(self, config: Config | None) -> Manifest | None:
        """Read the manifest without locking it: the config's, or the only one of this environment."""
        check_env(self.env)
        if self.file is None and config is None:
            path = manifest.find(self.root, self.env, local=self.local)
            return None if path is None else manifest.read(path)
        return manifest.read(self.manifest_path(config.stack.name if config else ""))

    def region(self, config: Config | None, recorded: Manifest | Kept | None) -> str:
        """Take the region from the options, the config, AWS's own settings, or else from what is recorded."""
        configured = config.stack.region if config else None
        fallback = recorded.account.region if recorded else _LOCAL_REGION if self.local else None
        return resolve_region(self._access, configured, fallback=fallback)

    def connect(self, region: str, config: Config | None, lookout: Lookout) -> Aws:
        """Connect, to the local AWS if it is meant, and refuse any account but the config's.

        `lookout` tells what goes unanswered for long.
        """
        aws = connect(self._reachable(lookout), region, lookout)
        self.check_account(config, aws.account)
        return aws

    def check_account(self, config: Config | None, account: Account) -> None:
        """Raise `SafetyError` for any account but the one that the config is for. The local AWS is no account."""
        guard = config.stack.account if config and not self.local else None
        if guard not in (None, account.id):
            raise SafetyError(
                f"The config is for account {guard}, and these credentials are of account {account.id}",
                detail="stack.account in the config guards against this. Nothing was changed.",
                hint="Switch the profile or the credentials, or choose the --env that belongs to this account.",
            )

    @property
    def _access(self) -> Access:
        """The options; for the local AWS without the user's profile, which need not exist."""
        if not self.local:
            return self.access
        from task_deployer.local import process  # noqa: PLC0415 - only where the local AWS is meant

        return replace(self.access, profile=None, credentials=(process.ACCESS_KEY, process.SECRET_KEY))

    def _reachable(self, lookout: Lookout) -> Access:
        if not self.local:
            return self.access
        from task_deployer.local import process  # noqa: PLC0415 - only where the local AWS is meant

        running = lookout.wait_for("local", process.STARTING, lambda: process.start(self.root))
        return replace(self._access, endpoint_url=running.endpoint_url)


def prepare(config: Config, region: str, only: str | None = None) -> dict[str, Archive]:
    """Find all that is wrong with the config before AWS is asked anything, and pack the functions."""
    if only is not None and only not in config.tasks:
        raise UsageError(f"There is no task {only!r} in the config", hint=f"The config has: {', '.join(config.tasks)}.")
    check_names(config, region)
    return {
        task: pack(config.root / job.source, job.requirements)
        for task, job in config.tasks.items()
        if only in (None, task)
    }


def check_names(config: Config, region: str) -> None:
    """Raise `ConfigError` for names at AWS that are too long, or that two things would share."""
    names.check(config, Account(_ANY_ACCOUNT, region))
