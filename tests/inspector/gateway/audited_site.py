"""A site with an audit log of 20 entries, and somebody who owns its database."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from inspector.audit.checkpoint import Checkpoint
from inspector.audit.merkle import Tree, leaf_hash
from inspector.audit.note import Signer
from inspector.cli import audit as cli
from inspector.config.audit_log import AuditLogSettings
from inspector.config.store import StoreSettings
from inspector.gateway.audit import Auditing
from inspector.gateway.recorder_ask import RecorderAsk
from inspector.storage.database import database_file, writing
from inspector.storage.postgres import Server
from inspector.storage.sql_writing import SqlStore
from tests.databases import Postgres, put_blank
from tests.journal_entries import Entry, judged, numbered, pressed

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


@dataclass
class AuditedSite:
    """A site's data folder, and where its database lies."""

    data: Path
    server: Server | None
    postgres: Postgres | None
    copy_to: str = ""

    @classmethod
    def blank(cls, data: Path, postgres: Postgres | None) -> AuditedSite:
        """Return one without an entry."""
        if postgres is None:
            put_blank(data)
        data.mkdir(parents=True, exist_ok=True)
        return cls(data, postgres.blank() if postgres else None, postgres)

    def copied_to(self, data: Path) -> AuditedSite:
        """Return a copy; nobody is connected to this one."""
        shutil.copytree(self.data, data)
        server = self.postgres.copy_of(self.server) if self.postgres and self.server else None
        return AuditedSite(data, server, self.postgres)

    def set_back_to(self, older: AuditedSite) -> None:
        """Put a copy of the database in its place; what lies beside it stays."""
        self.server = older.server
        if self.server is None:
            shutil.copy(database_file(older.data), database_file(self.data))
            for wal in self.data.glob("inspector.db-*"):
                wal.unlink()

    def empty(self) -> None:
        """Put an empty database in its place."""
        if self.postgres:
            self.server = self.postgres.blank()
        else:
            put_blank(self.data)

    @property
    def settings(self) -> SimpleNamespace:
        """Return what the command line reads of its settings."""
        store = StoreSettings(url=self.server.url) if self.server else None
        audit = AuditLogSettings(copy_to=self.copy_to)
        folder = str(self.data.parent)
        return SimpleNamespace(data=str(self.data), folder=folder, store=store, audit=audit)

    @property
    def recorder(self) -> RecorderAsk:
        """Return its recorder, which does not run."""
        return RecorderAsk(self.data, self.data / "nobody.sock", self.server)

    def writing(self) -> AbstractContextManager[Engine]:
        """Be its recorder."""
        return writing(self.data, self.server)

    def attack(self, *statements: str, **values: object) -> None:
        """Do this past every program of ours."""
        with self._owned() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def attack_kept(self, table: str, *statements: str) -> None:
        """Do this to a table that refuses it, as its owner can."""
        if self.server:
            off, on = (f"ALTER TABLE {table} {word} TRIGGER USER" for word in ("DISABLE", "ENABLE"))
            self.attack(off, *statements, on)
            return
        wanted = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
        triggers = [f"DROP TRIGGER {name}" for (name,) in self.asked(wanted, table=table)]
        self.attack(*triggers, *statements)

    def asked(self, question: str, **values: object) -> list[Any]:
        """Return the rows."""
        with self._owned() as connection:
            return list(connection.execute(text(question), values))

    def entry(self, seq: int) -> dict[str, Any]:
        """Return what stands in an entry."""
        return dict(json.loads(self.body(seq)))

    def body(self, seq: int) -> bytes:
        """Return the bytes of an entry."""
        ((body,),) = self.asked("SELECT body FROM audit WHERE seq = :seq", seq=seq)
        return bytes(body)

    def made_anew(self, *, cut: int = 20, forge: int = 0, at: tuple[int, ...] = ()) -> None:
        """Make all hashes and the checkpoints anew as the recorder would: the key is stolen."""
        signer = Signer.from_text((self.data / "audit" / "key").read_text().strip())
        kept = self.asked("SELECT seq, body FROM audit WHERE seq <= :cut ORDER BY seq", cut=cut)
        self.attack("DELETE FROM audit", "DELETE FROM audit_checkpoints")
        forged = [(cut + n, b'{"seq":%d}' % (cut + n)) for n in range(1, forge + 1)]
        tree = Tree()
        for seq, body in [*kept, *forged]:
            hashes = b"".join(tree.append(leaf_hash(bytes(body))))
            row = "INSERT INTO audit VALUES (:seq, :body, :hashes)"
            self.attack(row, seq=seq, body=bytes(body), hashes=hashes)
            if seq in at:
                note = Checkpoint(signer.name, seq, tree.root).signed([signer])
                self.attack("INSERT INTO audit_checkpoints VALUES (:at, :note)", at=seq, note=note)

    @contextmanager
    def _owned(self) -> Iterator[Connection]:
        url = "sqlite://"
        if self.server:
            url = self.server.url.replace("postgresql:", "postgresql+psycopg:")
        how = {} if self.server else {"creator": self._file}
        engine = create_engine(url, poolclass=NullPool, **how)
        with engine.begin() as connection:
            yield connection

    def _file(self) -> sqlite3.Connection:
        return sqlite3.connect(database_file(self.data))


def apply(store: SqlStore, entries: list[Entry], start: int) -> None:
    some = numbered(entries, start)
    store.apply("ring-1", some, offset=some[-1][0], now=NOW)


def write_twenty(site: AuditedSite) -> None:
    """Write 20 entries with checkpoints at 10, 17 and 20, each group in one commit."""
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        store = SqlStore(engine, auditing.log)
        parts = [judged(n, "reject") for n in range(1, 20)]
        words = [pressed(n, press=f"press {n}") for n in range(1, 20)]
        for group in ([*parts, *words[:9]], words[9:16], words[16:]):
            apply(store, group, start=int(group[0]["record"][-6:]) * 100)
            auditing.publish()


def audit(*words: str) -> Result:
    return CliRunner().invoke(cli.audit_command, list(words))
