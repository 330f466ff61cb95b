from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.billing.models import InvoiceStatus

Amount = Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class NewInvoice(BaseModel):
    amount: Amount
    currency: Currency = "EUR"


class InvoiceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    number: str
    amount: Decimal
    currency: str
    status: InvoiceStatus
    checkout_url: str | None
    created_at: datetime
    paid_at: datetime | None


class PaymentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    amount: Decimal


class InvoiceWithPayments(InvoiceOut):
    payments: list[PaymentOut]


class PaymentEvent(BaseModel):
    id: str
    invoice: str
    amount: Amount
