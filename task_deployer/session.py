"""The session with the user's AWS settings: profile, region, credentials. The only module that makes one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ProfileNotFound

from task_deployer import __version__
from task_deployer.errors import ConfigError, CredentialsError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config


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
    region = named or _session(access, None).region_name or fallback
    if region is None:
        raise ConfigError(
            "No region is set",
            detail="Neither --region, stack.region, AWS_REGION, AWS_DEFAULT_REGION nor the profile names one.",
            hint='Set region = "eu-central-1", or another, under [stack] in config/task.toml.',
        )
    return str(region)


def partition_of(region: str) -> str:
    """The partition that a region belongs to, from botocore's own table. Calls nothing at AWS."""
    partition = _session(Access(), region).get_partition_for_region(region)
    return str(partition)


def open_session(access: Access, region: str) -> "boto3.Session":
    """Open a session that has credentials, which may still be wrong or expired. Raises `CredentialsError`."""
    session = _session(access, region)
    if session.get_credentials() is None:
        raise CredentialsError(
            "There are no AWS credentials",
            detail="Neither environment variables, nor a profile, nor an instance role gave any.",
            hint="Run `aws configure` or `aws sso login`, or set AWS_PROFILE. Without an account: add --local.",
        )
    return session


def _session(access: Access, region: str | None) -> "boto3.Session":
    import boto3  # noqa: PLC0415 - loaded by the commands that speak to AWS alone; it costs 0.15 s

    try:
        if access.credentials is not None:
            return _session_without_profile(access.credentials, region)
        return boto3.Session(profile_name=access.profile, region_name=region)
    except ProfileNotFound as error:
        raise CredentialsError(
            f"There is no AWS profile named {access.profile or os.environ.get('AWS_PROFILE', '')!r}",
            detail=str(error),
            hint="`aws configure list-profiles` shows the profiles that exist.",
        ) from error


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
