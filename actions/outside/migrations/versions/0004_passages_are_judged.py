"""What people say of passages is kept, and which document a gap was answered from."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gap", sa.Column("document", sa.Text(), nullable=True))
    op.create_table(
        "judgement",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("passage_id", sa.String(length=64), nullable=False),
        sa.Column("is_helpful", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def downgrade() -> None:
    op.drop_table("judgement")
    op.drop_column("gap", "document")
