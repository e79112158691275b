"""Why the PLC's decision on a part is what it is."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plc_decisions", sa.Column("why", sa.Text(), nullable=False, server_default=""))
