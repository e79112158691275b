"""PostgreSQL in the place of the SQLite file: one writer by an advisory lock, readers read-only.

The password is handed in beside the address and stands in neither a text nor an error.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from inspector.errors import NothingRunning, StoreRefused

WRITER_LOCK: Final = 0x1259EC7
"""Key of the lock that the one writer holds for the life of its connection; any fixed number."""

_LOCK_MS: Final = 500
"""How long one try waits for a lock, as `database._BUSY_MS`."""

# A server that is cut off is noticed within 15 s at both ends: the writer's lock goes with it.
_REACHING: Final[dict[str, str | int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
    "client_encoding": "utf8",
}
_BOTH = "tcp_keepalives_idle=5", "tcp_keepalives_interval=5", "tcp_keepalives_count=2"
_WRITER = (*_BOTH, "synchronous_commit=on", f"lock_timeout={_LOCK_MS}")
_READER = (
    *_BOTH,
    "default_transaction_read_only=on",
    "default_transaction_isolation=repeatable\\ read",  # one snapshot for all that is asked in it
)


@dataclass(frozen=True, slots=True)
class Server:
    """A database of a PostgreSQL server.

    Attributes:
        url: "postgresql://user@host:port/database", without a password.
        password: Empty where the server asks for none.
    """

    url: str
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the address, without a password."""
        return self.url


def writer(server: Server) -> Engine:
    """Return the engine with the one connection that may write; nothing is opened yet.

    Its connection raises `NothingRunning` where another process writes this database; made anew
    after the server was away, it takes the lock again.
    """
    engine = _engine(server, _WRITER, poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def be_the_only_one(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (WRITER_LOCK,))
            (alone,) = cursor.fetchone()
        connection.commit()
        if not alone:
            connection.close()
            raise NothingRunning(f"{server}: another process is writing this database")

    return engine


def reader(server: Server) -> Engine:
    """Return an engine that can only read; nothing is opened yet."""
    return _engine(server, _READER, poolclass=QueuePool, pool_pre_ping=True)


def _engine(server: Server, settings: tuple[str, ...], **how: Any) -> Engine:
    if importlib.util.find_spec("psycopg") is None:
        why = "the package psycopg is missing: pip install 'inspector[postgres]'"
        raise StoreRefused(f"{server}: {why}")
    options = {"options": " ".join(f"-c {setting}" for setting in settings)}
    reaching = {**_REACHING, **_encrypted(server), **options}
    return create_engine(_address(server), connect_args=reaching, **how)


def _address(server: Server) -> URL:
    try:
        url = make_url(server.url)
    except ArgumentError as error:
        raise StoreRefused(f"{server}: not an address of a PostgreSQL database") from error
    return url.set(drivername="postgresql+psycopg", password=server.password or None)


def _encrypted(server: Server) -> dict[str, str]:
    """Return what keeps libpq from going on in the clear; a unix socket never asks."""
    return {} if "sslmode" in make_url(server.url).query else {"sslmode": "require"}
