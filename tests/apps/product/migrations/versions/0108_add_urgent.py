"""Let a todo be urgent

Revision ID: 0108
Revises: 0107
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0108"
down_revision: str | None = "0107"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

irreversible = "PostgreSQL can't remove a value from an enum"


def upgrade() -> None:
    op.execute("ALTER TYPE priority ADD VALUE 'urgent'")


def downgrade() -> None:
    raise NotImplementedError(irreversible)
