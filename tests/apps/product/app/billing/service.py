"""Invoices and their payments. Functions flush; whoever calls them commits."""

import hashlib
import hmac
from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncResult, AsyncSession
from sqlalchemy.orm import selectinload

from app.billing.models import Invoice, InvoiceStatus, Payment
from app.billing.schemas import PaymentEvent
from app.errors import DomainError
from app.users.models import User

CHUNK = 100


class InvoiceNotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    detail = "There is no such invoice."


class ProviderUnavailable(DomainError):
    status = HTTPStatus.BAD_GATEWAY
    detail = "The payment provider does not answer. Try again later."


async def next_invoice(
    session: AsyncSession, owner: User, *, amount: Decimal, currency: str
) -> Invoice:
    """Return an invoice under the next number, which is not added yet."""
    number = await session.scalar(text("SELECT nextval('billing.invoice_numbers')"))
    return Invoice(owner_id=owner.id, number=f"R{number:06}", amount=amount, currency=currency)


async def open_checkout(http: httpx.AsyncClient, url: str, invoice: Invoice) -> str:
    """Have the payment provider make a page where the invoice can be paid.

    Raises:
        ProviderUnavailable: It did not.
    """
    try:
        response = await http.post(
            url,
            json={
                "reference": invoice.number,
                "amount": str(invoice.amount),
                "currency": invoice.currency,
            },
        )
        response.raise_for_status()
        checkout_url: str = response.json()["url"]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise ProviderUnavailable from error
    return checkout_url


async def invoices_of(session: AsyncSession, owner: User) -> Sequence[Invoice]:
    """Return the invoices of a user with their payments."""
    rows = await session.scalars(
        select(Invoice)
        .where(Invoice.owner_id == owner.id)
        .options(selectinload(Invoice.payments))
        .order_by(Invoice.id)
    )
    return rows.all()


async def stream_invoices(
    session: AsyncSession, owner: User
) -> AsyncResult[str, Decimal, InvoiceStatus]:
    """Fetch the invoices of a user through a cursor of the server, a part at a time."""
    return await session.stream(
        select(Invoice.number, Invoice.amount, Invoice.status)
        .where(Invoice.owner_id == owner.id)
        .order_by(Invoice.id)
        .execution_options(yield_per=100)
    )


async def statuses(
    session: AsyncSession, owner: User, numbers: Sequence[str]
) -> dict[str, InvoiceStatus]:
    """Look many invoices up by their numbers, a hundred at a time."""
    found: dict[str, InvoiceStatus] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = await session.execute(
            select(Invoice.number, Invoice.status).where(
                Invoice.owner_id == owner.id, Invoice.number.in_(numbers[start : start + CHUNK])
            )
        )
        found |= dict(rows.all())
    return found


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Tell whether the payment provider has sent this."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


async def receive_payment(session: AsyncSession, event: PaymentEvent) -> bool:
    """Note a payment. Returns False for one that is known: providers send twice.

    Raises:
        InvoiceNotFound: It is for none of ours.
    """
    invoice = await session.scalar(
        select(Invoice).where(Invoice.number == event.invoice).with_for_update()
    )
    if invoice is None:
        raise InvoiceNotFound
    added = await session.scalar(
        insert(Payment)
        .values(id=event.id, invoice_id=invoice.id, amount=event.amount)
        .on_conflict_do_nothing()
        .returning(Payment.id)
    )
    if added is None:
        return False
    paid = await session.scalar(
        select(func.sum(Payment.amount)).where(Payment.invoice_id == invoice.id)
    )
    if paid is not None and paid >= invoice.amount:
        invoice.status, invoice.paid_at = InvoiceStatus.PAID, func.now()
    await session.flush()
    return True
