"""Secrets: made once, kept in files of mode 0600, named in settings, never written there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from inspector.config import PlcProfile
from inspector.errors import SettingsWrong

_KEY_BYTES = 32


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


def plc_password(profile: PlcProfile) -> str:
    """Return the password at a PLC, from the environment variable that its profile names.

    Raises:
        SettingsWrong: The variable is not set.
    """
    password = os.environ.get(profile.password_env)
    if password is None:
        why = f"the environment variable {profile.password_env} is not set"
        raise SettingsWrong(f"stations/plc/{profile.name}.toml", "password_env", why)
    return password
