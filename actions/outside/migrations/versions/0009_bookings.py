"""Consultants' hours are booked: the bookings, the quarters of an hour they hold, and where a busy stretch comes from."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("busy", sa.Column("source", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "booking",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("consultant_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("starts", Moment(timezone=True), nullable=False),
        sa.Column("ends", Moment(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_until", Moment(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for field in ("consultant_id", "owner_id", "customer_id"):
        op.create_index(op.f(f"ix_booking_{field}"), "booking", [field], unique=False)
    op.create_table(
        "taken_quarter",
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "at"),
    )
    op.create_index(op.f("ix_taken_quarter_booking_id"), "taken_quarter", ["booking_id"], unique=False)


def downgrade() -> None:
    op.drop_table("taken_quarter")
    op.drop_table("booking")
    op.drop_column("busy", "source")
