"""Contracts, clauses and special prices are reviewed: the reviews, what differs in them, and the documents they lack."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Cents, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=128), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "title", "what", "asked_by")),
        sa.Column("asked_at", Moment(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("content", "digest", "needs")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("customer_id", "deal_id", "paper_id")),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_by", Moment(timezone=True), nullable=True),
        sa.Column("told_at", Moment(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", Moment(timezone=True), nullable=True),
        sa.Column("comments", sa.Text(), nullable=True),
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for field in ("asked_by", "asked_at", "customer_id", "deal_id", "state"):
        op.create_index(op.f(f"ix_review_{field}"), "review", [field], unique=False)
    op.create_table(
        "review_item",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("place", "new", "source", "old", "source_id")),
        sa.Column("source_version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source_title", "said_by")),
        sa.Column("second", Cents(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_review_item_review_id"), "review_item", ["review_id"], unique=False)
    op.create_table(
        "material",
        sa.Column("id", sa.String(length=128), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("review_id", "name")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("customer_id", "contact_id")),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wanted_by", sa.Text(), nullable=True),
        sa.Column("asked_at", Moment(timezone=True), nullable=True),
        sa.Column("chased", sa.Integer(), nullable=False),
        sa.Column("arrived_at", Moment(timezone=True), nullable=True),
        sa.Column("ticked_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for field in ("review_id", "customer_id"):
        op.create_index(op.f(f"ix_material_{field}"), "material", [field], unique=False)


def downgrade() -> None:
    for table in ("material", "review_item", "review"):
        op.drop_table(table)
