"""Corrections say what became of them when somebody looked through them."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept_as", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", Moment(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.drop_column("reviewed_at")
        batch_op.drop_column("kept_as")
