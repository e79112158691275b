"""Indexes of the few parts that are asked for among millions: drawn for an audit, or not passed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_parts_selected", "parts")
    drawn = "triggered_at", "record", "stratum", "audit_pi", "station", "selected"
    _of_some("ix_parts_selected", drawn, "selected")
    not_passed = "triggered_at", "station", "verdict"
    _of_some("ix_parts_not_passed", not_passed, "verdict <> 'pass'")


def _of_some(name: str, columns: tuple[str, ...], which: str) -> None:
    some = sa.text(which)
    op.create_index(name, "parts", list(columns), sqlite_where=some, postgresql_where=some)
