"""The user's AWS settings as botocore reads them: real files, and what a profile may name."""

from pathlib import Path

import pytest
from botocore.exceptions import MissingDependencyException

from task_deployer.aws import connect
from task_deployer.errors import CredentialsError, UsageError
from task_deployer.session import Access, partition_of, resolve_region, settings_told

NOBODY = "http://127.0.0.1:9"
KEYS = "aws_access_key_id = AKIA\naws_secret_access_key = secret\n"
ROLE = "role_arn = arn:aws:iam::123456789012:role/x\n"
SSO = "sso_account_id = 123456789012\nsso_role_name = x\n"

SPOILT = {
    "a program that fails": (
        'credential_process = sh -c "echo session expired >&2; exit 3"',
        "session expired",
        "Log in",
    ),
    "a program that is not there": ("credential_process = /absent/saml", "/absent/saml", "Correct"),
    "a program that speaks": ("credential_process = echo hello", "JSON", "Correct"),
    "half a key": ("aws_access_key_id = AKIA", "aws_secret_access_key", "Correct"),
    "an unknown source": (f"{ROLE}source_profile = absent", "absent", "Correct"),
    "an unknown sort of source": (f"{ROLE}credential_source = Moon", "Moon", "Correct"),
    "an unknown sso session": (f"{SSO}sso_session = absent", "absent", "Correct"),
    "no sso login": (f"{SSO}sso_region = us-east-1\nsso_start_url = https://x.test/start", "Token", "aws sso login"),
    "no token file": (f"{ROLE}web_identity_token_file = /absent/token", "/absent/token", "Correct"),
    "not TOML nor INI": ("[profile", "Unable to parse", "Correct"),
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's ~/.aws/config, and nothing else that gives credentials."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.mark.parametrize("name", SPOILT)
def test_a_profile_that_gives_no_credentials(name: str, config: Path) -> None:
    """Whatever a profile names that gives no credentials: exit 3, with the reason, profile, file and what to do."""
    lines, reason, advice = SPOILT[name]
    config.write_text(f"[profile work]\n{lines}\n")
    with pytest.raises(CredentialsError) as caught:
        connect(Access(profile="work", endpoint_url=NOBODY), "eu-central-1")
    assert 3 == caught.value.exit_code
    assert reason in caught.value.detail
    assert f"the profile 'work' in {config}" in caught.value.detail
    assert advice in caught.value.hint


def test_a_login_that_takes_another_library() -> None:
    """A profile whose login takes a library that is not there says how to install that beside the tool."""
    missing = MissingDependencyException(msg="botocore[crt]")
    with pytest.raises(CredentialsError) as caught, settings_told(Access(profile="work")):
        raise missing
    assert "pipx inject task-deploy 'botocore[crt]'" in caught.value.hint


def test_a_code_that_nobody_can_be_asked_for() -> None:
    """A profile that asks for an MFA code, and finds no terminal, says so."""
    with pytest.raises(CredentialsError, match="cannot be had") as caught, settings_told(Access(profile="work")):
        raise EOFError
    assert "MFA" in caught.value.detail


def test_credentials_of_the_tools_own() -> None:
    """Where the user gives no credentials, as for the local AWS, no profile of his is blamed."""
    with pytest.raises(CredentialsError) as caught, settings_told(Access(credentials=("key", "secret"))):
        raise CredentialsError("no", detail="It is so.")
    assert "It is so." == caught.value.detail


def test_the_region_of_a_broken_file(config: Path) -> None:
    """A file that cannot be read is told where the region is looked for in it."""
    config.write_text("[profile work\nregion = eu-central-1\n")
    with pytest.raises(CredentialsError) as caught:
        resolve_region(Access(profile="work"), None, environment={})
    assert str(config) in caught.value.detail


def test_a_setting_that_is_none(config: Path) -> None:
    """A setting for AWS's clients that there is not is exit 2, with what it may be and the profile."""
    config.write_text(f"[profile work]\n{KEYS}defaults_mode = quick\n")
    with pytest.raises(UsageError) as caught:
        connect(Access(profile="work", endpoint_url=NOBODY), "eu-central-1")
    assert "mode: quick" in caught.value.detail
    assert f"'work' in {config}" in caught.value.detail


def test_what_is_no_region() -> None:
    """The partition of what is no region's name is exit 2."""
    with pytest.raises(UsageError, match="nowhere"):
        partition_of("nowhere")
