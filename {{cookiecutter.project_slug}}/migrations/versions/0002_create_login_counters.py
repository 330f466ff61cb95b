"""Create login counters

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "login_counters",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_login_counters")),
    )
    op.create_index(op.f("ix_login_counters_expires_at"), "login_counters", ["expires_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_login_counters_expires_at"), table_name="login_counters")
    op.drop_table("login_counters")
