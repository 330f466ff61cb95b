"""An exception rolls back, in a WebSocket."""

from fastapi import APIRouter, WebSocket

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    while (name := await websocket.receive_text()) != "bye":
        try:
            async with websocket.app.state.sessionmaker() as session:
                session.add(new_user(name))
                await session.flush()
                raise ValueError("no")
        except ValueError:
            await websocket.send_text("answer")
    await websocket.close()
