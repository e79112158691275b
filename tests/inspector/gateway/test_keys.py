"""Passwords: where they come from, and who else could read them."""

from pathlib import Path

import pytest

from inspector.config.plc_profile import PlcProfile
from inspector.errors import SettingsWrong
from inspector.gateway.keys import plc_password

WHERE = r"stations/plc/line1\.toml: password_file: "


def profile(**changed: str) -> PlcProfile:
    plain = {"endpoint": "opc.tcp://plc:4840", "namespace_uri": "urn:plc", "slot_count": 16}
    plain |= {"name": "line1", "user": "inspector", "server_certificate": "line1.der"}
    return PlcProfile.model_validate(plain | changed)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "line1.password"
    file.touch(mode=0o600)
    file.write_text("s3cret word \n")
    return file


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_its_owner_reads_gives_the_password(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert plc_password(profile(password_file=file.name), file.parent) == "s3cret word "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_file_that_others_may_use_is_refused_with_what_to_do(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SettingsWrong, match=WHERE + r".*open to others .*chmod 600") as refused:
        plc_password(profile(password_file=file.name), file.parent)
    assert f"{mode:04o}" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_missing_or_empty_is_named(file: Path) -> None:
    with pytest.raises(SettingsWrong, match=WHERE + r".*gone cannot be read"):
        plc_password(profile(password_file="gone"), file.parent)
    file.write_text("\n")
    with pytest.raises(SettingsWrong, match=WHERE + r".*is empty"):
        plc_password(profile(password_file=file.name), file.parent)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsWrong, match=WHERE + r".*not UTF-8 text"):
        plc_password(profile(password_file=file.name), file.parent)


def test_a_variable_gives_the_password_or_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    one = profile(password_env="LINE1_WORD")
    with pytest.raises(SettingsWrong, match="LINE1_WORD is not set"):
        plc_password(one, Path())
    monkeypatch.setenv("LINE1_WORD", "s3cret")
    assert plc_password(one, Path()) == "s3cret"


def test_nobody_has_no_password() -> None:
    assert plc_password(profile(user=""), Path()) == ""
