"""Checks a site's audit log, and exports it with a proof for each entry; whether it runs or not."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from inspector.audit.checking import Finding, Keys, Walk
from inspector.audit.checkpoint import Checkpoint
from inspector.audit.merkle import inclusion_proof, leaf_hash, root_from_inclusion
from inspector.audit.note import Verifier
from inspector.errors import StoreRefused
from inspector.gateway.audit import CHECKPOINTS
from inspector.gateway.keys import audit_folder
from inspector.storage.audit_reading import Snapshot, snapshot
from inspector.storage.audit_rows import RowCheck
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.sql_audit import Hashes, checkpoint_note, entries, newest_checkpoint

MOST_FINDINGS: Final = 100
"""Kept with their text; the others are counted."""


@dataclass(slots=True)
class Checked:
    """What came of a check.

    Attributes:
        walk: What was counted.
        findings: The first of them, in the order of the log.
        count: How many there are.
    """

    walk: Walk
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, finding: Finding) -> None:
        """Count one, and keep it while there are few."""
        self.count += 1
        if self.count <= MOST_FINDINGS:
            self.findings.append(finding)

    def as_json(self) -> dict[str, object]:
        """Return what `audit verify --json` prints (docs/schemas/audit-verify.json)."""
        newest = self.walk.newest
        return {
            "schema": 1,
            "clean": not self.count,
            "entries": self.walk.entries,
            "checkpoint": {"size": newest.size, "root": newest.root.hex()} if newest else None,
            "copies": self.walk.copies,
            "begun_anew": self.walk.begun_anew,
            "key": self.walk.keys.now.text,
            "findings": [asdict(one) for one in self.findings],
            "finding_count": self.count,
        }


def first_key(data: Path) -> Verifier:
    """Return the public key that the log began with, as the site has it.

    Raises:
        StoreRefused: It is not there.
    """
    return public_keys(data)[0]


def public_keys(data: Path) -> list[Verifier]:
    """Return the public keys that the log was ever signed with; raises as `first_key`."""
    file = audit_folder(data) / "keys"
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "not UTF-8 text")
        raise StoreRefused(f"{file}: {why}: no key to check the log with") from error
    if not lines:
        raise StoreRefused(f"{file}: is empty: no key to check the log with")
    return [Verifier.from_text(line) for line in lines]


def checked(
    data: Path, server: Server | None = None, *, copies: Sequence[Path], key: Verifier
) -> Checked:
    """Return what is wrong with the log of a site.

    Args:
        data: Its data folder.
        server: The PostgreSQL database that it names, or None.
        copies: Files of checkpoints that were kept elsewhere, beside the site's own.
        key: The public key that signed the first checkpoint.

    Raises:
        StoreRefused: The database or a file cannot be read.
    """
    with _snapshot(data, server, copies) as log:
        return _checked(log, key)


def exported(
    data: Path,
    server: Server | None = None,
    *,
    copies: Sequence[Path],
    key: Verifier,
    first: int,
    last: int | None,
) -> Iterator[dict[str, object]]:
    """Yield an export's objects: what holds for all of it, then each entry with its proof.

    Args:
        data: The site's data folder.
        server: As in `checked`.
        copies: As in `checked`.
        key: As in `checked`.
        first: Number of the first entry.
        last: Number of the last one; None: up to the end.
    """
    with _snapshot(data, server, copies) as log:
        result = _checked(log, key)
        newest = result.walk.newest
        note = checkpoint_note(log.connection, newest.size) if newest else ""
        yield {**result.as_json(), "note": note}
        hashes = Hashes(log.connection)
        for seq, body, _ in entries(log.connection, first=first, last=last):
            proof = _proof(seq, body, newest, hashes) if newest else None
            yield {"seq": seq, "body": body.decode("utf-8", "replace"), "proof": proof}


@contextmanager
def _snapshot(data: Path, server: Server | None, copies: Sequence[Path]) -> Iterator[Snapshot]:
    own = audit_folder(data) / CHECKPOINTS
    files = [own, *copies] if own.exists() else copies
    with snapshot(server or database_file(data), files) as log:
        yield log


def _checked(log: Snapshot, key: Verifier) -> Checked:
    result = Checked(Walk(Keys(key)))
    if not log.files and newest_checkpoint(log.connection):
        text = "there are no checkpoints outside the database: their file was removed"
        result.add(Finding("missing", 0, 0, text))
    rows = RowCheck(log.connection, result.add)
    for finding in result.walk.findings(rows.along(entries(log.connection)), log.kept()):
        result.add(finding)
    return result


def _proof(seq: int, body: bytes, newest: Checkpoint, hashes: Hashes) -> list[str] | None:
    """Return the proof that an entry is under a checkpoint; None: it is not."""
    if not 0 < seq <= newest.size:
        return None
    proof = inclusion_proof(seq - 1, newest.size, hashes.whole)
    if root_from_inclusion(seq - 1, newest.size, leaf_hash(body), proof) != newest.root:
        return None
    return [base64.b64encode(step).decode() for step in proof]
