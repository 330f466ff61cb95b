"""Another service is asked while a transaction is open. A fake stands in its place."""

import httpx
from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "while it waited for an HTTP request of its own"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"rate": 1})


async def rate() -> float:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        response = await client.get("https://rates.example/eur")  # <-
    return float(response.json()["rate"])


@router.post("/trap")
async def trap(session: SessionDep) -> float:
    users = (await session.scalars(select(User))).all()
    return await rate() * len(users)
