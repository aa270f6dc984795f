"""Papers prepared for customers, and the day of the price list that a price is from."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Cents, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product", sa.Column("priced_on", sa.Date(), nullable=True))
    op.create_table(
        "paper",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", Cents(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("discount", Cents(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("replaces_id", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(timezone=True), nullable=True),
        sa.Column("sent_at", Moment(timezone=True), nullable=True),
        sa.Column("sent_to", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_paper_customer_id"), "paper", ["customer_id"])
    op.create_index(op.f("ix_paper_deal_id"), "paper", ["deal_id"])


def downgrade() -> None:
    op.drop_table("paper")
    op.drop_column("product", "priced_on")
