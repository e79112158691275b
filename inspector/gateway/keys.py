"""Secrets: made once, kept in files of mode 0600, named in settings, never written there."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from inspector.audit.note import Signer
from inspector.config.plc_profile import PlcProfile
from inspector.config.scada import ScadaSettings
from inspector.config.station import RtspCamera
from inspector.config.store import StoreSettings
from inspector.errors import BadInput, SettingsWrong, StoreRefused

_KEY_BYTES = 32
OTHERS = 0o077
"""Of a mode: what others than the owner may do."""


class PasswordSettings(Protocol):
    """Settings that name a password: a variable or a file, one of the two."""

    @property
    def password_env(self) -> str: ...  # noqa: D102
    @property
    def password_file(self) -> str: ...  # noqa: D102


def site_key(data: Path) -> bytes:
    """Return the site's key for record ids; made at the first start."""
    file = data / "site.key"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        _put_secret(file, secrets.token_bytes(_KEY_BYTES))
    return file.read_bytes()


def audit_folder(data: Path) -> Path:
    """Return where the audit log's keys and its checkpoints outside the database lie."""
    return data / "audit"


def audit_key(data: Path) -> Signer:
    """Return the key that signs the audit log; made at the first start.

    Its public half is appended to `audit/keys`, where it stays when the key is changed.

    Raises:
        StoreRefused: The key cannot be read or made.
    """
    file = audit_folder(data) / "key"
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            put_audit_key(file, new_audit_key(new_origin()))
        return Signer.from_text(file.read_text("utf-8").strip())
    except OSError as error:
        raise StoreRefused(f"{file}: {error.strerror}") from error
    except (BadInput, UnicodeDecodeError) as error:
        raise StoreRefused(f"{file}: {error}") from error


def new_origin() -> str:
    """Return a name that no other log has."""
    return f"inspector/{secrets.token_hex(8)}"


def new_audit_key(origin: str) -> Signer:
    """Return a random key for a log; nothing is written."""
    return Signer(origin, secrets.token_bytes(_KEY_BYTES))


def put_audit_key(file: Path, signer: Signer) -> None:
    """Keep a key for its owner alone, and note its public half before anything is signed by it."""
    with (file.parent / "keys").open("a", encoding="utf-8") as keys:
        keys.write(f"{signer.verifier.text}\n")
        keys.flush()
        os.fsync(keys.fileno())
    _put_secret(file, f"{signer.text}\n".encode())


def _put_secret(file: Path, secret: bytes) -> None:
    part = file.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


def plc_password(profile: PlcProfile, folder: Path) -> str:
    """Return the password at a PLC, from where its profile says; empty for an anonymous user.

    Args:
        profile: The PLC's.
        folder: The site's.

    Raises:
        SettingsWrong: The variable is not set, or the file is missing, empty, or open to others.
    """
    return _password(profile, folder, _shown(profile)) if profile.user else ""


def pull_password(profile: PlcProfile, folder: Path) -> str:
    """Return the password of a PLC that reads our server; raises as `plc_password`.

    Args:
        profile: The PLC's, with a table `[pull]`.
        folder: The site's.
    """
    if profile.pull is None:
        raise SettingsWrong(_shown(profile), "pull", "is missing")
    return _password(profile.pull, folder, _shown(profile), table="pull.")


def scada_password(settings: ScadaSettings, folder: Path) -> str:
    """Return the password of those who read our OPC UA server; raises as `plc_password`."""
    return _password(settings, folder, "site.toml", table="scada.")


def store_password(settings: StoreSettings, folder: Path) -> str:
    """Return the password of the database, empty where none is named; raises as `plc_password`."""
    if not settings.password_env and not settings.password_file:
        return ""
    return _password(settings, folder, "site.toml", table="store.")


def camera_password(settings: RtspCamera, folder: Path, station: str, view: str) -> str:
    """Return the password at a camera, empty for nobody's user; raises as `plc_password`."""
    if not settings.user:
        return ""
    return _password(settings, folder, f"stations/{station}.toml", table=f"views.{view}.camera.")


def _shown(profile: PlcProfile) -> str:
    return f"stations/plc/{profile.name}.toml"


def _password(settings: PasswordSettings, folder: Path, shown: str, *, table: str = "") -> str:
    """Return the password from where the settings say; `shown` and `table` name them to people."""
    if settings.password_file:
        file, key = folder / settings.password_file, f"{table}password_file"
        return secret_in(file, settings=shown, key=key)
    password = os.environ.get(settings.password_env)
    if not password:
        why = f"the environment variable {settings.password_env} is not set"
        raise SettingsWrong(shown, f"{table}password_env", why)
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
