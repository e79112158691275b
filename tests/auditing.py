"""An audit log for the tests of what writes to it."""

from __future__ import annotations

from inspector.audit.entry import Who
from inspector.audit.note import Signer
from inspector.storage.sql_audit import AuditLog

SIGNER = Signer("inspector/test", b"k" * 32)
BY = Who("ada", role="user of the computer", panel="here")


def a_log() -> AuditLog:
    return AuditLog(SIGNER)
