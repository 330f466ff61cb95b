"""One SELECT for each row of a stream."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


async def lines(session: AsyncSession) -> AsyncIterator[str]:
    for id_ in (await session.scalars(select(User.id))).all():
        user = await session.get_one(User, id_)  # <-
        yield f"{user.email}\n"


@router.post("/trap")
async def trap(session: SessionDep) -> StreamingResponse:
    return StreamingResponse(lines(session), media_type="text/csv")
