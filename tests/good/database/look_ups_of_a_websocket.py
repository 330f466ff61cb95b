"""Each message has a look-up of its own."""

from fastapi import APIRouter, WebSocket
from sqlalchemy import select

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    async with websocket.app.state.sessionmaker() as session:
        while (name := await websocket.receive_text()) != "bye":
            await session.scalar(select(User).where(User.full_name == name))
            await websocket.send_text("answer")
    await websocket.close()
