"""Find todos by a part of their title, and the open ones by when they are due

Revision ID: 0109
Revises: 0108
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0109"
down_revision: str | None = "0108"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_todos_title_trigram"
            " ON todos USING gin (title gin_trgm_ops)"
        )
        op.create_index(
            "ix_todos_open_due_at",
            "todos",
            ["due_at"],
            postgresql_where=sa.text("NOT is_done"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_todos_open_due_at", table_name="todos")
    op.drop_index("ix_todos_title_trigram", table_name="todos")
    op.execute("DROP EXTENSION pg_trgm")
