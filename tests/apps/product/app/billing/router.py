from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Header, HTTPException, Request, status
from fastapi.responses import StreamingResponse
from pydantic import Field, ValidationError

from app.auth.dependencies import CurrentUser, SettingsDep
from app.billing import service
from app.billing.models import Invoice, InvoiceStatus
from app.billing.schemas import InvoiceOut, InvoiceWithPayments, NewInvoice, PaymentEvent
from app.database import SessionDep
from app.errors import AccountDisabled, InvalidInput, NotAuthenticated, problems
from app.outbox.service import announce

router = APIRouter(prefix="/billing", tags=["billing"])
USERS_ERRORS = problems(NotAuthenticated, AccountDisabled)


@router.post(
    "/invoices",
    status_code=status.HTTP_201_CREATED,
    response_model=InvoiceOut,
    responses=USERS_ERRORS | problems(service.ProviderUnavailable),
)
async def create_invoice(
    new: NewInvoice,
    user: CurrentUser,
    session: SessionDep,
    settings: SettingsDep,
    request: Request,
) -> Invoice:
    invoice = await service.next_invoice(session, user, amount=new.amount, currency=new.currency)
    # No connection is held while the provider answers.
    await session.commit()
    invoice.checkout_url = await service.open_checkout(
        request.app.state.http, settings.checkout_url, invoice
    )
    session.add(invoice)
    await session.commit()
    return invoice


@router.get("/invoices", response_model=list[InvoiceWithPayments], responses=USERS_ERRORS)
async def my_invoices(user: CurrentUser, session: SessionDep) -> Sequence[Invoice]:
    return await service.invoices_of(session, user)


@router.get("/invoices.csv", response_class=StreamingResponse, responses=USERS_ERRORS)
async def export_invoices(user: CurrentUser, session: SessionDep) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield "number,amount,status\n"
        async for invoice in await service.stream_invoices(session, user):
            yield f"{invoice.number},{invoice.amount},{invoice.status}\n"

    return StreamingResponse(lines(), media_type="text/csv")


@router.post("/invoices/statuses", responses=USERS_ERRORS)
async def statuses(
    numbers: Annotated[list[str], Body(), Field(max_length=5000)],
    user: CurrentUser,
    session: SessionDep,
) -> dict[str, InvoiceStatus]:
    return await service.statuses(session, user, numbers)


@router.post("/webhooks/payments", responses=problems(service.InvoiceNotFound, InvalidInput))
async def payment_webhook(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    x_signature: Annotated[str, Header()],
) -> dict[str, bool]:
    body = await request.body()
    if not service.is_signed(body, x_signature, settings.webhook_secret.get_secret_value()):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "The signature is wrong.")
    try:
        event = PaymentEvent.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInput from error
    is_new = await service.receive_payment(session, event)
    if is_new:
        await announce(session, "payment-received", {"invoice": event.invoice})
    await session.commit()
    return {"new": is_new}
