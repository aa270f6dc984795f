"""What customers have shown is kept with its words, and each step that a breaker stopped."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Cents, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signal",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("second", Cents(), nullable=True),
        sa.Column("probability", Cents(), nullable=False),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=True),
        sa.Column("until", Moment(timezone=True), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", Moment(timezone=True), nullable=True),
        sa.Column("lifted_words", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_signal_customer_id", "signal", ["customer_id"])
    op.create_table(
        "firing",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("breaker", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("why_en", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", Moment(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=True),
        sa.Column("ruled_by", sa.Text(), nullable=True),
        sa.Column("ruled_at", Moment(timezone=True), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("person_id", "proposal_id", "at", "customer_id"):
        op.create_index(f"ix_firing_{column}", "firing", [column])


def downgrade() -> None:
    op.drop_table("firing")
    op.drop_table("signal")
