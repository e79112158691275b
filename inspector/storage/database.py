"""Opening the database: its settings, its version, and who may write.

One connection of one process writes and checkpoints (the recorder's); everyone else opens the
file read-only. Two connections that write or checkpoint at the same moment can damage a database
of SQLite before 3.51.3 (sqlite.org/wal.html, "The WAL-Reset Bug"). Where the site names a
`Server`, the same tables lie there (`postgres.py`), with one writer as well.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from inspector.errors import NothingRunning, StoreDamaged, StoreFull, StoreRefused
from inspector.storage import postgres
from inspector.storage.postgres import Server

NEWEST: Final = "0009"
"""The revision that this code reads and writes; a test compares it with `migrations/`."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_SAFE_SQLITE = (3, 51, 3)
_KINDS: Final = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}
_BUSY_MS: Final = 500
"""How long one try waits for a lock; the recorder comes back by itself and says so meanwhile."""

_BOTH = "foreign_keys = ON", "trusted_schema = OFF", f"busy_timeout = {_BUSY_MS}"
_WRITER = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 1000",
    "journal_size_limit = 67108864",
    "cell_size_check = ON",
)
_READER = "query_only = ON", "wal_autocheckpoint = 0"


def database_file(data: Path) -> Path:
    """Return where the database lies in a site's data folder."""
    return data / "inspector.db"


def put_aside(data: Path, now: datetime) -> Path:
    """Return where a damaged database lies now, out of the way of a new one.

    A new one is made at the next start. What the old one held can be read from there.
    """
    file = database_file(data)
    aside = file.with_name(f"{file.name}.corrupt.{now:%Y%m%dT%H%M%S}")
    for ending in ("-wal", "-shm", ""):
        part = file.with_name(file.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def lies_aside(data: Path) -> str:
    """Return what is to be said of damaged databases of a site, or ""."""
    found = sorted(data.glob("inspector.db.corrupt.*[0-9]"))
    if not found:
        return ""
    return f"the database was damaged; {found[-1].name} has what was kept before: save it elsewhere"


def sqlite_note() -> str:
    """Return what is to be said of the SQLite that runs here, or ""."""
    if sqlite3.sqlite_version_info >= _SAFE_SQLITE:
        return ""
    return f"SQLite {sqlite3.sqlite_version} is older than 3.51.3: safe with one writer, as here"


@contextmanager
def writing(data: Path, server: Server | None = None) -> Iterator[Engine]:
    """Be the only writer of a site's database, made or brought up to date first.

    Args:
        data: The site's data folder, which holds the database where there is no server.
        server: The PostgreSQL database that the site names, or None.

    Raises:
        NothingRunning: Another process writes this database.
        StoreRefused: The folder or the database cannot be used; the text says why.
    """
    where = server or database_file(data)
    with _only_writer(data):
        engine = _writer(where)
        try:
            with refusing(where):
                _bring_up_to_date(engine)
            yield engine
        finally:
            engine.dispose()


def check_usable(data: Path, server: Server | None = None) -> None:
    """Make the database, or bring it up to date; raises what `writing` raises.

    Called before the processes start, so that a bad database is one clear line for a person.
    """
    with writing(data, server):
        pass


def reading(database: Path | Server) -> Engine:
    """Return an engine that can only read; nothing is opened yet.

    A read-only connection does not checkpoint when it closes, as the last writable one would.
    """
    if isinstance(database, Server):
        return postgres.reader(database)
    return _engine(database, _BOTH + _READER, begin="BEGIN", read_only=True)


def check_readable(engine: Engine, database: Path | Server) -> None:
    """Raise `StoreRefused` when the database is missing, or of another version than ours."""
    if isinstance(database, Path) and not database.exists():
        raise StoreRefused(f"{database}: there are no records yet")
    with refusing(database), engine.connect() as connection:
        found = _revision(connection)
    if found != NEWEST:
        why = f"the database is of version {found or 'none'}, not {NEWEST}"
        raise StoreRefused(f"{database}: {why}")


@contextmanager
def _only_writer(data: Path) -> Iterator[None]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = os.open(data / "recorder.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreRefused(f"{data}: cannot write here: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise NothingRunning(f"{data}: another process is writing this database") from error
    finally:
        os.close(lock)


def _writer(where: Path | Server) -> Engine:
    if isinstance(where, Server):
        return postgres.writer(where)
    return _engine(where, _BOTH + _WRITER, begin="BEGIN IMMEDIATE")


def _engine(file: Path, pragmas: tuple[str, ...], *, begin: str, read_only: bool = False) -> Engine:
    mode = "ro" if read_only else "rwc"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_MS / 1000,
            check_same_thread=False,
        )

    # The writer has one connection for its life; a reader one for each thread that asks.
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool if read_only else StaticPool
    )

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _bring_up_to_date(engine: Engine) -> None:
    with engine.begin() as connection:
        found = _revision(connection)
        if found != NEWEST:
            _migrate(connection, found)


def _revision(connection: Connection) -> str:
    """Return the revision of the database, "" for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _migrate(connection: Connection, found: str) -> None:
    # Imported only when there is something to do: it costs a quarter of a second at each start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        why = f"the database is of version {found}, newer than this program ({NEWEST})"
        raise StoreRefused(why)
    command.upgrade(config, NEWEST)


def kind_of(error: DBAPIError) -> type[StoreRefused]:
    """Return which of our errors says what a database says."""
    return _KINDS.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF, StoreRefused)


@contextmanager
def refusing(database: Path | Server) -> Iterator[None]:
    """Turn the database's errors into one sentence that names it."""
    try:
        yield
    except DatabaseError as error:
        kind = kind_of(error)
        (why, *_) = str(error.orig).splitlines() or [""]
        raise kind(f"{database}: {why}") from error
    except StoreRefused as error:
        if str(error).startswith(str(database)):
            raise
        raise StoreRefused(f"{database}: {error}") from error
