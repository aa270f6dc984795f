"""Recordings: what was sent, on what basis it may be listened to, their queue, and the pieces that are done."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("is_message", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("basis_by", sa.Text(), nullable=True),
        sa.Column("basis_at", Moment(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("two_channels", sa.Boolean(), nullable=True),
        sa.Column("customer_speaker", sa.Text(), nullable=True),
        sa.Column("customer_percent", sa.Integer(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deleted_at", Moment(timezone=True), nullable=True),
        sa.Column("deleted_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for field in ("digest", "by_id", "conversation", "state", "customer_id"):
        op.create_index(op.f(f"ix_recording_{field}"), "recording", [field], unique=False)
    op.create_table(
        "recording_arrival",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("lines_told", sa.Integer(), nullable=False),
        sa.Column("is_told_of_wait", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_recording_arrival_recording_id"), "recording_arrival", ["recording_id"], unique=False)
    op.create_table(
        "listening",
        sa.Column("recording_id", sa.String(length=128), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("is_brief", sa.Boolean(), nullable=False),
        sa.Column("queued_at", Moment(timezone=True), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_until", Moment(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("recording_id"),
    )
    for field in ("asker", "is_over"):
        op.create_index(op.f(f"ix_listening_{field}"), "listening", [field], unique=False)
    op.create_table(
        "recording_part",
        sa.Column("recording_id", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("turns", sa.JSON(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recording_id", "number"),
    )


def downgrade() -> None:
    for table in ("recording_part", "listening", "recording_arrival", "recording"):
        op.drop_table(table)
