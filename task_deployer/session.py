"""The session with the user's AWS settings: profile, region, credentials. The only module that makes one."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, MissingDependencyException, ProfileNotFound, UnknownRegionError

from task_deployer import __version__
from task_deployer.errors import ConfigError, CredentialsError, UsageError
from task_deployer.refusals import EXPIRED, LOG_IN

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

_CORRECT = (
    "Correct what is named there, or choose another profile with --profile or AWS_PROFILE; "
    "`aws sts get-caller-identity` tries the same without this tool."
)
_INSTALL = (
    "Install it where this tool is: `python -m pip install 'botocore[crt]'`, or "
    "`pipx inject task-deploy 'botocore[crt]'`, or `uv tool install --with 'botocore[crt]' task-deploy`."
)


@dataclass(frozen=True)
class Access:
    """How to reach AWS: the options that the user may give. `credentials` is an access key id and its secret."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    credentials: tuple[str, str] | None = None
    workers: int = 16


def resolve_region(
    access: Access,
    configured: str | None,
    *,
    fallback: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """Take the region from the option, the config, AWS_REGION, AWS_DEFAULT_REGION, the profile or the fallback.

    Raises `ConfigError` when none is. Calls nothing at AWS.
    """
    named = access.region or configured or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    region = named or _region_of_profile(access) or fallback
    if region is None:
        raise ConfigError(
            "No region is set",
            detail="Neither --region, stack.region, AWS_REGION, AWS_DEFAULT_REGION nor the profile names one.",
            hint='Set region = "eu-central-1", or another, under [stack] in config/task.toml.',
        )
    return str(region)


def _region_of_profile(access: Access) -> str | None:
    session = _session(access, None)
    with settings_told(access):
        return session.region_name


def partition_of(region: str) -> str:
    """The partition that a region belongs to, from botocore's own table. Calls nothing at AWS.

    Raises `UsageError` for what is no region's name.
    """
    try:
        partition = _session(Access(), region).get_partition_for_region(region)
    except UnknownRegionError as error:
        raise UsageError(
            f"AWS has no region named {region!r}", detail=str(error), hint="Correct --region or stack.region."
        ) from error
    return str(partition)


def open_session(access: Access, region: str) -> "boto3.Session":
    """Open a session that has credentials, which may still be wrong or expired. Raises `CredentialsError`."""
    session = _session(access, region)
    with settings_told(access):
        credentials = session.get_credentials()
    if credentials is None:
        raise CredentialsError(
            "There are no AWS credentials",
            detail="Neither environment variables, nor a profile, nor an instance role gave any.",
            hint="Run `aws configure` or `aws sso login`, or set AWS_PROFILE. Without an account: add --local.",
        )
    return session


@contextmanager
def settings_told(access: Access) -> Iterator[None]:
    """Tell what botocore does not make of the user's AWS settings, and what the profile and its files are.

    For what reads credentials, with all that a profile may name: a program, a file, a login, another profile; botocore
    raises what those raise. Raises `CredentialsError`.
    """
    try:
        yield
    except CredentialsError as error:
        error.detail = (_sentence(error.detail) + origin_of(access)).rstrip()
        raise
    except ProfileNotFound as error:
        raise CredentialsError(
            f"There is no AWS profile named {access.profile or os.environ.get('AWS_PROFILE', '')!r}",
            detail=_sentence(str(error)) + origin_of(access),
            hint="`aws configure list-profiles` shows the profiles that exist.",
        ) from error
    except (BotoCoreError, OSError, ValueError, EOFError) as error:
        detail = _sentence(_words(error)) + origin_of(access)
        raise CredentialsError("The AWS credentials cannot be had", detail=detail, hint=_hint(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "They take an MFA code, and there is no terminal to ask for it"
    if isinstance(error, OSError):  # a program or a file that the profile names
        return f"{error.strerror}: {error.filename}"
    if isinstance(error, json.JSONDecodeError):
        return f"What gives them wrote something else than JSON ({error})"
    return str(error)


def _hint(error: Exception) -> str:
    if isinstance(error, EXPIRED):
        return LOG_IN
    return _INSTALL if isinstance(error, MissingDependencyException) else _CORRECT


def _sentence(words: str) -> str:
    return f"{words.rstrip().removesuffix('.')}. "


def origin_of(access: Access) -> str:
    """Where credentials and settings are looked for, in a sentence; empty where it is not the user who gives them."""
    if access.credentials is not None:
        return ""
    profile = access.profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    named = f"the profile {profile!r}" if profile else "the environment, then the profile 'default'"
    config = os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")
    credentials = os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    return f"Looked at: {named} in {config} and {credentials}."


def _session(access: Access, region: str | None) -> "boto3.Session":
    import boto3  # noqa: PLC0415 - loaded by the commands that speak to AWS alone; it costs 0.15 s

    if access.credentials is not None:
        return _session_without_profile(access.credentials, region)
    with settings_told(access):
        return boto3.Session(profile_name=access.profile, region_name=region)


def _session_without_profile(credentials: tuple[str, str], region: str | None) -> "boto3.Session":
    """A session that takes nothing from the user's AWS settings: AWS_PROFILE need not even exist."""
    import boto3  # noqa: PLC0415 - see _session
    from botocore.session import Session  # noqa: PLC0415 - see _session

    key, secret = credentials
    plain = Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session(
        botocore_session=plain, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
    )


def client_config(access: Access, *, connect_timeout: int = 10, read_timeout: int = 60) -> "Config":
    """How clients speak to AWS; timeouts are in seconds.

    The retry mode is spelled out: botocore's default has changed between releases.
    """
    from botocore.config import Config  # noqa: PLC0415 - see _session

    elsewhere = access.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3")
    return Config(
        retries={"mode": "standard", "total_max_attempts": 4},  # what outlasts that is throttle.py's
        max_pool_connections=max(10, access.workers),
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        user_agent_extra=f"task-deploy/{__version__}",
        # At an endpoint of the user's own the bucket goes into the path: bucket.localhost need not resolve.
        s3={"addressing_style": "path"} if elsewhere else {},
    )
