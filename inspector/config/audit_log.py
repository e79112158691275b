"""The table `[audit]` of a site's `site.toml`."""

from __future__ import annotations

from pydantic import Field

from inspector.settings import Settings


class AuditLogSettings(Settings):
    """The log of all changes; what a station audits stands in its own file."""

    copy_to: str = Field(
        default="",
        description="Folder elsewhere for a second copy of the checkpoints; empty: none.",
    )
