from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Numeric, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.users.models import User


class InvoiceStatus(StrEnum):
    OPEN = "open"
    PAID = "paid"


class Invoice(Base):
    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        {"schema": "billing"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(String(3), server_default="EUR")
    status: Mapped[InvoiceStatus] = mapped_column(
        Enum(
            InvoiceStatus,
            name="invoice_status",
            schema="billing",
            values_callable=lambda kinds: [k.value for k in kinds],
        ),
        server_default=InvoiceStatus.OPEN,
    )
    checkout_url: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    paid_at: Mapped[datetime | None]

    owner: Mapped[User] = relationship()
    payments: Mapped[list["Payment"]] = relationship(
        back_populates="invoice", order_by="Payment.id", passive_deletes=True
    )


class Payment(Base):
    """What the payment provider has told of. Its id is theirs: each is taken once."""

    __tablename__ = "payments"
    __table_args__ = {"schema": "billing"}  # noqa: RUF012

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("billing.invoices.id", ondelete="CASCADE"), index=True
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())

    invoice: Mapped[Invoice] = relationship(back_populates="payments")
