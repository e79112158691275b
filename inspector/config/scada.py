"""The table `[scada]` of a site's `site.toml`."""

from __future__ import annotations

from pydantic import Field

from inspector.settings import OnePassword


class ScadaSettings(OnePassword):
    """Our OPC UA server for SCADA and MES; without the table there is none."""

    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=4840, ge=1, le=65535, description="TCP port of the server.")
    user: str = Field(min_length=1, max_length=64, description="User name of reading clients.")
    trust_dir: str = Field(
        min_length=1,
        description="Folder with the certificates (DER) of clients that may connect; relative to"
        " the site.",
    )
    machine_vision_nodeset: str = Field(
        default="", description="NodeSet file of OPC 40100-1, relative to the site; empty: none."
    )
    max_sessions: int = Field(default=10, ge=1, le=100, description="Sessions at the same time.")
