"""Every policy that was in force is kept, and whose data has left the country in which year."""

import sqlalchemy as sa
from alembic import op

from actions.outside.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_version",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "crossing",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=160), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", "destination", "person"),
    )
    # who is in the count already is asked by person, whatever the country
    op.create_index("crossing_person", "crossing", ["person", "year"])


def downgrade() -> None:
    op.drop_table("crossing")
    op.drop_table("policy_version")
