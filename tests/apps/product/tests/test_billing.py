"""Invoices in a schema of their own, and the webhook of the payment provider."""

import hashlib
import hmac
import json
from decimal import Decimal

import httpx
import pytest
import respx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.billing.models import Invoice, InvoiceStatus, Payment
from app.users.models import User
from tests.product_factories import InvoiceFactory
from tests.product_fixtures import WEBHOOK_SECRET


async def receive(
    client: httpx.AsyncClient, secret: str = WEBHOOK_SECRET, **event: str
) -> httpx.Response:
    body = json.dumps(event).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return await client.post(
        "/billing/webhooks/payments", content=body, headers={"X-Signature": signature}
    )


async def test_an_invoice_is_stored_with_the_page_where_it_is_paid(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    token: dict[str, str],
    payment_provider: respx.Route,
) -> None:
    response = await client.post("/billing/invoices", json={"amount": "12.50"}, headers=token)

    assert response.status_code == 201
    invoice = (await session.scalars(select(Invoice))).one()
    assert (invoice.owner_id, invoice.amount) == (user.id, Decimal("12.50"))
    assert response.json()["checkout_url"] == "https://pay.example.com/c/1"
    (call,) = payment_provider.calls
    assert json.loads(call.request.content)["reference"] == invoice.number


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.ConnectError("x")]
)
@pytest.mark.gate_allow("requests", reason="the provider is down, and so the answer is 502")
async def test_no_invoice_is_stored_while_the_provider_is_down(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: dict[str, str],
    payment_provider: respx.Route,
    answer: httpx.Response | Exception,
) -> None:
    payment_provider.mock(side_effect=[answer])

    response = await client.post("/billing/invoices", json={"amount": "12.50"}, headers=token)

    assert response.status_code == 502
    assert response.json()["type"] == "/problems/provider-unavailable"
    assert (await session.scalars(select(Invoice))).all() == []


async def test_the_state_of_many_invoices_is_looked_up(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    session.add_all(
        Invoice(owner_id=user.id, number=f"A{n}", amount=Decimal(1)) for n in range(700)
    )
    await session.commit()
    numbers = [f"A{n}" for n in range(1, 702)]

    response = await client.post("/billing/invoices/statuses", json=numbers, headers=token)

    assert response.status_code == 200
    assert response.json() == {f"A{n}": "open" for n in range(1, 700)}


async def test_invoices_are_exported_through_a_cursor(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    session.add_all(
        Invoice(owner_id=user.id, number=f"A{n}", amount=Decimal(n)) for n in range(1, 351)
    )
    await session.commit()

    response = await client.get("/billing/invoices.csv", headers=token)

    assert response.status_code == 200
    header, *lines = response.text.splitlines()
    assert header == "number,amount,status"
    assert lines == [f"A{n},{n}.00,open" for n in range(1, 351)]


async def test_a_payment_pays_an_invoice(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    invoice = await InvoiceFactory.add(session, owner=user, number="R1")

    for number, amount in enumerate(("4.00", "6.00")):
        response = await receive(client, id=f"p{number}", invoice="R1", amount=amount)
        assert response.status_code == 200
        assert response.json() == {"new": True}

    await session.refresh(invoice)
    assert invoice.status is InvoiceStatus.PAID
    shown = await client.get("/billing/invoices", headers=token)
    assert [p["amount"] for p in shown.json()[0]["payments"]] == ["4.00", "6.00"]


async def test_a_payment_that_is_told_twice_counts_once(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    await InvoiceFactory.add(session, owner=user, number="R1")

    first = await receive(client, id="p1", invoice="R1", amount="4.00")
    second = await receive(client, id="p1", invoice="R1", amount="4.00")

    assert (first.json(), second.json()) == ({"new": True}, {"new": False})
    assert (await session.scalars(select(Payment.id))).all() == ["p1"]


async def test_a_webhook_with_a_wrong_signature_is_refused(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    response = await receive(client, secret="a guess", id="p1", invoice="R1", amount="4.00")

    assert response.status_code == 401
    assert response.json()["detail"] == "The signature is wrong."


async def test_a_webhook_that_makes_no_sense_is_refused(client: httpx.AsyncClient) -> None:
    response = await receive(client, id="p1", invoice="R1", amount="a lot")

    assert response.status_code == 422
    assert response.json()["type"] == "/problems/invalid-input"


async def test_a_payment_for_an_unknown_invoice_is_refused(client: httpx.AsyncClient) -> None:
    response = await receive(client, id="p1", invoice="R1", amount="4.00")

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/invoice-not-found"
