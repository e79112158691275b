"""The demo's SCADA client: a password and a trusted certificate, so that anybody can try."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from inspector.config.scada import ScadaSettings
from inspector.config.site import Site
from inspector.ipc import write_whole
from inspector.plc.certificates import ensure_certificate

CLIENT_URI = "urn:inspector:demo:scada-client"
_PASSWORD, _TRUSTED, _CLIENT = "password", "trusted", "client"


def demo_scada(settings: ScadaSettings, data: Path, port: int) -> ScadaSettings:
    """Return the server's settings with everything inside the demo's own data folder."""
    folder = _folder(data)
    return ScadaSettings(
        host=settings.host,
        port=port,
        user=settings.user,
        password_file=str(folder / _PASSWORD),
        trust_dir=str(folder / _TRUSTED),
        machine_vision_nodeset=settings.machine_vision_nodeset,
        max_sessions=settings.max_sessions,
    )


def make_demo_client(site: Site) -> None:
    """Make the password and the client's certificate, if this is the demo's first start."""
    folder = _folder(Path(site.data))
    (folder / _TRUSTED).mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_password(folder / _PASSWORD)
    client = ensure_certificate(
        folder / _CLIENT,
        name="Inspector demo SCADA client",
        uri=CLIENT_URI,
        hosts=["localhost", socket.gethostname()],
    )
    write_whole(folder / _TRUSTED / "demo-client.der", client.cert_der.read_bytes())


def _folder(data: Path) -> Path:
    return data.resolve() / "demo" / "scada"


def _make_password(file: Path) -> None:
    if file.exists():
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(18))
