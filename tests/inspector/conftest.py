"""The servers that the tests of the store run against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Postgres, postgres


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def servers(request: pytest.FixtureRequest) -> Iterator[Postgres | None]:
    """Give the PostgreSQL server of the tests, or None: they use a file."""
    if request.param == "sqlite":
        yield None
        return
    with postgres() as running:
        yield running
