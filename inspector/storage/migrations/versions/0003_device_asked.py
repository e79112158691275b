"""The device that the station asked for, beside the one that ran."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "parts", sa.Column("device_asked", sa.String(64), nullable=False, server_default="")
    )
