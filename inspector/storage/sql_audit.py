"""The audit log in the database: appending within a change's transaction, and reading it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, LargeBinary, cast, func, insert, select

from inspector.audit.checkpoint import Checkpoint, opened_checkpoint
from inspector.audit.entry import Change, body_of
from inspector.audit.merkle import HASH_BYTES, Tree, leaf_hash, peaks_of
from inspector.audit.note import Signer
from inspector.errors import BadInput
from inspector.storage.schema import audit, audit_checkpoints

_AT_ONCE: Final = 100
_LOST: Final = bytes(HASH_BYTES)
"""Stands for a hash that somebody took away; no checkpoint agrees with what comes of it."""


class AuditLog:
    """Appends entries; the database holds all that it needs to go on.

    Args:
        signer: The site's key.
        policy: SHA-256 of the settings in force.

    Attributes:
        suspect: Why the log does not agree with what was signed before. Entries are appended all
            the same, and nothing is signed any more: a signature would cover it up.
        unpublished: There may be checkpoints that are not outside the database yet.
    """

    def __init__(self, signer: Signer, *, policy: str = "") -> None:
        self.signer, self.policy = signer, policy
        self.suspect = ""
        self.unpublished = True

    def append(
        self,
        connection: Connection,
        changes: Sequence[Change],
        *,
        next_key: Signer | None = None,
        anew: bool = False,
    ) -> None:
        """Append changes and a checkpoint behind them, in the transaction that is open.

        Args:
            connection: The recorder's; the change itself is made on it too.
            changes: Oldest first; of none, nothing is written.
            next_key: Signs beside the site's key: it is the site's from the next entry on, and
                its name is the log's.
            anew: The entries are signed as they stand, whatever was signed before.
        """
        if not changes:
            return
        tree = _tree(connection)
        if not anew:
            self.suspect = self.suspect or _disagreement(connection, tree, self.signer)
        rows = []
        for change in changes:
            body = body_of(replace(change, policy=change.policy or self.policy), tree.size + 1)
            hashes = b"".join(tree.append(leaf_hash(body)))
            rows.append({"seq": tree.size, "body": body, "hashes": hashes})
        connection.execute(insert(audit), rows)
        if anew or not self.suspect:
            signers = [self.signer, *([next_key] if next_key else [])]
            note = Checkpoint(signers[-1].name, tree.size, tree.root).signed(signers)
            connection.execute(insert(audit_checkpoints).values(size=tree.size, note=note))
            self.unpublished = True

    def check(self, connection: Connection) -> None:
        """Look whether the newest checkpoint still says what the tree is; see `suspect`."""
        self.suspect = self.suspect or _disagreement(connection, _tree(connection), self.signer)


def newest_checkpoint(connection: Connection) -> str:
    """Return the note of the largest checkpoint, "" when there is none."""
    newest = select(audit_checkpoints.c.note).order_by(audit_checkpoints.c.size.desc()).limit(1)
    return connection.execute(newest).scalar() or ""


def checkpoint_note(connection: Connection, size: int) -> str:
    """Return the note of the checkpoint over so many entries, "" when there is none."""
    wanted = select(audit_checkpoints.c.note).where(audit_checkpoints.c.size == size)
    return connection.execute(wanted).scalar() or ""


def newest_body(connection: Connection) -> bytes:
    """Return the newest entry, b"" when there is none."""
    newest = select(audit.c.body).order_by(audit.c.seq.desc()).limit(1)
    return connection.execute(newest).scalar() or b""


def entries(
    connection: Connection, *, first: int | None = None, last: int | None = None
) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (seq, body, hashes) in order, in bounded memory; None: from and to the ends."""
    # Whatever somebody has put there comes as bytes.
    read = [
        cast(column, LargeBinary).label(column.name) for column in (audit.c.body, audit.c.hashes)
    ]
    wanted = select(audit.c.seq, *read)
    if first is not None:
        wanted = wanted.where(audit.c.seq >= first)
    if last is not None:
        wanted = wanted.where(audit.c.seq <= last)
    streamed = wanted.order_by(audit.c.seq).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(streamed):
        yield row.seq, row.body or b"", row.hashes or b""


def checkpoints(connection: Connection, *, above: int = 0) -> Iterator[tuple[int, str]]:
    """Yield (size, note) in order, in bounded memory."""
    table = audit_checkpoints.c
    wanted = select(table.size, table.note).where(table.size > above).order_by(table.size)
    for row in connection.execute(wanted.execution_options(yield_per=_AT_ONCE)):
        yield row.size, row.note


class Hashes:
    """The hashes of whole subtrees, as they are kept: what proofs are made of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.whole = lru_cache(maxsize=4096)(self._whole)

    def _whole(self, first: int, height: int) -> bytes:
        """Return the hash of a whole subtree; see `merkle.Whole`."""
        seq = first + (1 << height)
        kept = self._connection.execute(select(audit.c.hashes).where(audit.c.seq == seq)).scalar()
        return _at_height(kept or b"", height)


def _tree(connection: Connection) -> Tree:
    size = connection.execute(select(func.max(audit.c.seq))).scalar() or 0
    peaks = peaks_of(size)
    wanted = select(audit.c.seq, audit.c.hashes).where(
        audit.c.seq.in_([first + (1 << height) for first, height in peaks])
    )
    kept = {row.seq: row.hashes for row in connection.execute(wanted)}
    found = [_at_height(kept.get(first + (1 << height), b""), height) for first, height in peaks]
    return Tree(size, found)


def _at_height(hashes: bytes, height: int) -> bytes:
    found = hashes[height * HASH_BYTES : (height + 1) * HASH_BYTES]
    return found if len(found) == HASH_BYTES else _LOST


def _disagreement(connection: Connection, tree: Tree, signer: Signer) -> str:
    """Return why the newest checkpoint is not one of this tree by this key, or ""."""
    note = newest_checkpoint(connection)
    if not note:
        return f"{tree.size} entries were never signed" if tree.size else ""
    try:
        newest = opened_checkpoint(note, signer.verifier)
    except BadInput as error:
        return f"the newest checkpoint: {error}"
    if newest.size != tree.size:
        return f"there are {tree.size} entries, and {newest.size} were signed"
    return "" if newest.root == tree.root else "the entries are not those that were signed"
