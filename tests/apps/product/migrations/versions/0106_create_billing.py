"""Create the schema of billing

Revision ID: 0106
Revises: 0105
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0106"
down_revision: str | None = "0105"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA billing")
    op.execute("CREATE SEQUENCE billing.invoice_numbers")
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="EUR", nullable=False),
        sa.Column(
            "status",
            sa.Enum("open", "paid", name="invoice_status", schema="billing"),
            server_default="open",
            nullable=False,
        ),
        sa.Column("checkout_url", sa.String(length=500), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_invoices_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], op.f("fk_invoices_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_billing_invoices_owner_id"), "invoices", ["owner_id"], schema="billing"
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["billing.invoices.id"],
            op.f("fk_payments_invoice_id_invoices"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_billing_payments_invoice_id"), "payments", ["invoice_id"], schema="billing"
    )


def downgrade() -> None:
    op.drop_table("payments", schema="billing")
    op.drop_table("invoices", schema="billing")
    op.execute("DROP SCHEMA billing CASCADE")
