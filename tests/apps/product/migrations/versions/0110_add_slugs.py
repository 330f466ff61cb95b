"""Give each list a slug, which is made of its title

Revision ID: 0110
Revises: 0109
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0110"
down_revision: str | None = "0109"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("todo_lists", sa.Column("slug", sa.String(length=200), nullable=True))
    lists = sa.table("todo_lists", sa.column("id"), sa.column("title"), sa.column("slug"))
    connection = op.get_bind()
    for id_, title in connection.execute(sa.select(lists.c.id, lists.c.title)).all():
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "list"
        connection.execute(lists.update().where(lists.c.id == id_).values(slug=slug))
    op.alter_column("todo_lists", "slug", nullable=False)


def downgrade() -> None:
    op.drop_column("todo_lists", "slug")
