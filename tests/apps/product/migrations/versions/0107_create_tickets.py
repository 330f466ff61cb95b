"""Create ski passes, with the kinds that are sold

Revision ID: 0107
Revises: 0106
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0107"
down_revision: str | None = "0106"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    kinds = op.create_table(
        "pass_kinds",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.CheckConstraint('"left" >= 0', name=op.f("ck_pass_kinds_left_is_not_negative")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pass_kinds")),
    )
    op.bulk_insert(
        kinds, [{"name": "day ski pass", "left": 500}, {"name": "three-day ski pass", "left": 100}]
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("pass", sa.String(length=50), nullable=False),
        sa.Column(
            "bought_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], op.f("fk_tickets_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["pass"], ["pass_kinds.name"], op.f("fk_tickets_pass_pass_kinds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_index(op.f("ix_tickets_owner_id"), "tickets", ["owner_id"])
    op.create_index(op.f("ix_tickets_pass"), "tickets", ["pass"])


def downgrade() -> None:
    op.drop_table("tickets")
    op.drop_table("pass_kinds")
