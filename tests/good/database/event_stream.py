"""An event stream asks again and again."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "stream"

router = APIRouter()


async def events(session: AsyncSession) -> AsyncIterator[str]:
    for name in range(8):
        user = await session.scalar(select(User).where(User.full_name == str(name)))
        yield f"data: {name} {user}\n\n"


@router.post("/trap")
async def trap(session: SessionDep) -> StreamingResponse:
    return StreamingResponse(events(session), media_type="text/event-stream")
