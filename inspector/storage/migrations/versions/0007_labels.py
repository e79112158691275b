"""Labels of pictures that were made in another tool, and where they came from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = "label_imports", "labels"


def upgrade() -> None:
    op.create_table(
        "label_imports",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file_name", sa.String(128), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "format IN ('coco', 'label-studio', 'cvat')", name=op.f("ck_label_imports_format")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_imports")),
        sa.UniqueConstraint("file_sha256", name=op.f("uq_label_imports_file_sha256")),
    )
    op.create_table(
        "labels",
        sa.Column("imported", _NUMBER, nullable=False),
        sa.Column("picture", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        *(sa.Column(side, sa.Float(), nullable=False) for side in "xywh"),
        sa.ForeignKeyConstraint(
            ["imported"], ["label_imports.id"], name=op.f("fk_labels_imported")
        ),
        sa.PrimaryKeyConstraint("imported", "picture", "position", name=op.f("pk_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_labels_picture"), "labels", ["picture"])
    if op.get_context().dialect.name == "postgresql":
        _refuse_in_postgres()
    else:
        _refuse_in_sqlite()


def _refuse_in_sqlite() -> None:
    for table in _TABLES:
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _refuse_in_postgres() -> None:
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION inspector_append_only()"
        )
