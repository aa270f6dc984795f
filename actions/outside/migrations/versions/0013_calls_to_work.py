"""How a customer sounded in a call, what people put right in its transcript, and where its matter was sent."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_mood",
        sa.Column("recording_id", sa.String(length=128), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("spoken", sa.Text(), nullable=False),
        sa.Column("mood", sa.JSON(), nullable=False),
        sa.Column("outline", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recording_id"),
    )
    op.create_table(
        "call_correction",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=True),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_call_correction_recording_id"), "call_correction", ["recording_id"], unique=False)
    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for field in ("recording_id", "at"):
        op.create_index(op.f(f"ix_dispatch_{field}"), "dispatch", [field], unique=False)
    op.create_table(
        "dispatch_template",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_dispatch_template_at"), "dispatch_template", ["at"], unique=False)
    op.add_column("ticket", sa.Column("line", sa.Text(), nullable=False, server_default=""))
    op.add_column("ticket", sa.Column("recording_id", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("ticket") as ticket:
        ticket.drop_column("recording_id")
        ticket.drop_column("line")
    for table in ("dispatch_template", "dispatch", "call_correction", "call_mood"):
        op.drop_table(table)
