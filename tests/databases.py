"""A blank database at once: the migrations run once for all tests, in SQLite and in PostgreSQL.

The PostgreSQL server is Debian's, in a folder of its own, reached by a unix socket there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from inspector.storage.database import check_usable, database_file
from inspector.storage.postgres import Server
from tests import leftovers
from tests.needs import require_program

START_LIMIT_S: Final = 300
OWNER: Final = "postgres"
"""PostgreSQL does not start as root: then it is this user of Debian's package."""


def put_blank(data: Path) -> None:
    """Put a database of the newest version, without rows, into a data folder."""
    data.mkdir(parents=True, exist_ok=True)
    database_file(data).write_bytes(_blank())


@cache
def _blank() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        check_usable(Path(folder))
        return database_file(Path(folder)).read_bytes()


@dataclass(slots=True)
class Postgres:
    """A server of the tests; `stop` and `start` are a restart of it."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def blank(self) -> Server:
        """Return a new database of the newest version, without rows."""
        return self._new("blank")

    def empty(self) -> Server:
        """Return a new database without tables."""
        return self._new("template0")

    def copy_of(self, server: Server) -> Server:
        """Return a database as this one is now, to which nobody is connected."""
        return self._new(server.url.rpartition("?")[0].rpartition("/")[2])

    def start(self) -> None:
        """Return when the server answers; it is no child of ours, and goes on between tests."""
        options = f"-c listen_addresses= -c fsync=off -k {self.folder}"
        self._control("start", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """End it, and every connection with it."""
        self._control("stop", "-m", "immediate")

    def said(self, database: str, statement: str) -> None:
        """Run a statement outside a transaction."""
        with self.connected(self.address(database)) as connection:
            connection.execute(text(statement))

    @contextmanager
    def connected(self, server: Server) -> Iterator[Connection]:
        """Give a connection as anybody's, outside a transaction."""
        url = server.url.replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection

    def address(self, database: str) -> Server:
        """Return where a database is reached."""
        return Server(f"postgresql://inspector@/{database}?host={self.folder}")

    def _new(self, template: str) -> Server:
        name = f"test_{next(self._numbers)}"
        self.said("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def _control(self, *words: str) -> None:
        command = [require_program("pg_ctl"), "-D", str(self.folder / "data"), "-w"]
        _run_as_owner([*command, "-t", str(START_LIMIT_S), *words])


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server with a database `blank` of the newest version."""
    initdb = require_program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="inspector-pg-"))
    server = Postgres(folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER, OWNER)
        command = [initdb, "-D", str(folder / "data"), "-U", "inspector", "-A", "trust", "-N"]
        command += ["--encoding", "UTF8", "--locale", "C"]
        _run_as_owner(command)
        server.start()
        server.said("postgres", "CREATE DATABASE blank TEMPLATE template0")
        check_usable(folder / "lock", server.address("blank"))
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


def _run_as_owner(command: list[str]) -> None:
    """Run a program of the server's; what it starts is not a test's own, and so not marked."""
    environment = {key: value for key, value in os.environ.items() if key != leftovers.MARK}
    owner = OWNER if os.geteuid() == 0 else None
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        user=owner,
        group=owner,
    )
