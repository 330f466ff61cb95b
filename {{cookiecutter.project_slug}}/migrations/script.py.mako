"""${message.replace("\\", r"\\").replace('"""', r'\"\"\"')}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""
<%
    def body(commands):
        """The commands without Alembic's comments."""
        lines = (commands or "pass").splitlines()
        return "\n".join(line for line in lines if "# ### " not in line).strip()

    code = body(upgrades) + body(downgrades)
    is_empty = code == "passpass"
%>
from collections.abc import Sequence

% if is_empty or "sa." in code:
import sqlalchemy as sa
% endif
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}
% if " ADD VALUE " in code:
irreversible = "PostgreSQL can't remove a value from an enum"
% endif


def upgrade() -> None:
    ${body(upgrades)}


def downgrade() -> None:
    ${body(downgrades)}
