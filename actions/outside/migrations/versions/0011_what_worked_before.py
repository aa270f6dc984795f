"""What worked before can be told: which customers agreed to be named, and which step of a play an activity was."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer", sa.Column("is_reference", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("activity", sa.Column("step", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("activity", "step")
    op.drop_column("customer", "is_reference")
