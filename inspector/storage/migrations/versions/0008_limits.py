"""Which version of its station's limits a part was judged by, and proposals for limits."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLE = "limit_proposals"


def upgrade() -> None:
    op.add_column("parts", sa.Column("limits_version", sa.Integer()))
    op.create_table(
        _TABLE,
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("follows", sa.Integer(), nullable=False),
        sa.Column("now", sa.Float(), nullable=False),
        sa.Column("proposed", sa.Float(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_proposals")),
    )
    op.create_index(op.f("ix_limit_proposals_station"), _TABLE, ["station"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {_TABLE}_no_change BEFORE UPDATE OR DELETE ON {_TABLE} FOR EACH ROW"
            " EXECUTE FUNCTION inspector_append_only()"
        )
        op.execute(
            'CREATE TRIGGER parts_no_update_of_limits BEFORE UPDATE OF "limits_version" ON parts'
            " FOR EACH ROW EXECUTE FUNCTION inspector_append_only()"
        )
        return
    for event in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {_TABLE}_no_{event} BEFORE {event.upper()} ON {_TABLE}"
            f" BEGIN SELECT RAISE(ABORT, '{_TABLE} is append-only'); END"
        )
    op.execute(
        'CREATE TRIGGER parts_no_update_of_limits BEFORE UPDATE OF "limits_version" ON parts'
        " BEGIN SELECT RAISE(ABORT, 'parts is append-only'); END"
    )
