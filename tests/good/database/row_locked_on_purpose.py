"""A row is kept locked while another service works on it, as the test says."""

import httpx
from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

router = APIRouter()


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200)


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.scalar(select(User).limit(1).with_for_update())
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await client.post("https://payments.example/charges")
    await session.commit()
