"""A proposal keeps each yes, how often it was passed on, and what an approver changed in it; who has left is known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("yeses", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("proposal", sa.Column("step", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("proposal", sa.Column("edited", sa.JSON(), nullable=True))
    op.add_column("proposal", sa.Column("superseded_by", sa.Text(), nullable=True))
    op.add_column("employee", sa.Column("has_left", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("employee", "has_left")
    for column in ("superseded_by", "edited", "step", "yeses"):
        op.drop_column("proposal", column)
