"""Secrets: made once, kept in files of mode 0600, named in settings, never written there."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from inspector.errors import SettingsWrong
from inspector.plc_profile import PlcProfile
from inspector.scada_settings import ScadaSettings

_KEY_BYTES = 32
OTHERS = 0o077
"""Of a mode: what others than the owner may do."""


def site_key(data: Path) -> bytes:
    """Return the site's key for record ids; made at the first start."""
    file = data / "site.key"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(_KEY_BYTES))
        part.replace(file)
    return file.read_bytes()


def plc_password(profile: PlcProfile, folder: Path) -> str:
    """Return the password at a PLC, from where its profile says; empty for an anonymous user.

    Args:
        profile: The PLC's.
        folder: The site's.

    Raises:
        SettingsWrong: The variable is not set, or the file is missing, empty, or open to others.
    """
    shown = f"stations/plc/{profile.name}.toml"
    if profile.password_file:
        return secret_in(folder / profile.password_file, settings=shown, key="password_file")
    if not profile.user:
        return ""
    password = os.environ.get(profile.password_env)
    if password is None:
        why = f"the environment variable {profile.password_env} is not set"
        raise SettingsWrong(shown, "password_env", why)
    return password


def secret_in(file: Path, *, settings: str, key: str) -> str:
    """Return what a file holds that is its owner's alone, without the line's end.

    Args:
        file: The file.
        settings: Which settings file names it, for what is said when it cannot be used.
        key: Its key there.

    Raises:
        SettingsWrong: It is missing, empty, or open to others.
    """
    try:
        with file.open(encoding="utf-8") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            secret = opened.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = f"{file} cannot be read: {getattr(error, 'strerror', 'not UTF-8 text')}"
        raise SettingsWrong(settings, key, why) from error
    if mode & OTHERS:
        why = f"{file} is open to others (mode {mode:04o}): chmod 600 {file}"
        raise SettingsWrong(settings, key, why)
    if not secret:
        raise SettingsWrong(settings, key, f"{file} is empty")
    return secret


def pull_password(profile: PlcProfile, folder: Path) -> str:
    """Return the password of a PLC that reads our server; raises as `plc_password`.

    Args:
        profile: The PLC's, with a table `[pull]`.
        folder: The site's.
    """
    shown, pull = f"stations/plc/{profile.name}.toml", profile.pull
    if pull is None:
        raise SettingsWrong(shown, "pull", "is missing")
    if pull.password_file:
        file = folder / pull.password_file
        return secret_in(file, settings=shown, key="pull.password_file")
    password = os.environ.get(pull.password_env)
    if not password:
        why = f"the environment variable {pull.password_env} is not set"
        raise SettingsWrong(shown, "pull.password_env", why)
    return password


def scada_password(settings: ScadaSettings, folder: Path) -> str:
    """Return the password of those who read our OPC UA server.

    Raises:
        SettingsWrong: The variable is not set, or the file is missing, empty, or open to others.
    """
    shown = "site.toml"
    if settings.password_file:
        file = folder / settings.password_file
        return secret_in(file, settings=shown, key="scada.password_file")
    password = os.environ.get(settings.password_env)
    if not password:
        why = f"the environment variable {settings.password_env} is not set"
        raise SettingsWrong(shown, "scada.password_env", why)
    return password
