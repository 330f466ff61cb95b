from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect, WebSocketException
from fastapi import status as http
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, StringConstraints, ValidationError

from app.auth.dependencies import CurrentUser
from app.auth.service import get_active_user
from app.auth.tokens import AccessClaims, read_token
from app.chat import service
from app.chat.rooms import Rooms
from app.database import SessionDep
from app.errors import AccountDisabled, DomainError, NotAuthenticated, problems
from app.users.models import User

router = APIRouter(prefix="/chat", tags=["chat"])


class Said(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


async def socket_user(socket: WebSocket) -> User:
    """Return the user of the token in the headers, or refuse the handshake."""
    scheme, token = get_authorization_scheme_param(socket.headers.get("authorization"))
    state = socket.app.state
    try:
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        claims = read_token(AccessClaims, token, settings=state.settings)
        # Not the session of a dependency: it would be held as long as the socket is open.
        async with state.sessionmaker() as session:
            return await get_active_user(session, claims)
    except DomainError as error:
        raise WebSocketException(http.WS_1008_POLICY_VIOLATION, error.detail) from error


@router.websocket("/{room}")
async def chat(socket: WebSocket, room: str, user: Annotated[User, Depends(socket_user)]) -> None:
    state = socket.app.state
    rooms: Rooms = state.rooms
    await socket.accept()
    name = user.full_name or "somebody"
    with rooms.joined(room, socket):
        await rooms.broadcast(room, {"kind": "joined", "name": name})
        try:
            while True:
                try:
                    said = Said.model_validate(await socket.receive_json())
                except ValidationError as error:
                    await socket.send_json({"kind": "refused", "count": error.error_count()})
                    continue
                async with state.sessionmaker() as session:
                    message = await service.say(session, room, user, said.text)
                    await session.commit()
                await rooms.broadcast(
                    room, {"kind": "said", "id": message.id, "name": name, "text": said.text}
                )
        except WebSocketDisconnect:
            pass
    await rooms.broadcast(room, {"kind": "left", "name": name})


@router.get("/{room}/history", responses=problems(NotAuthenticated, AccountDisabled))
async def history(
    room: str,
    _: CurrentUser,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[str]:
    messages = await service.history(session, room, limit=limit)
    return [f"{m.author.full_name or 'somebody'}: {m.text}" for m in messages]
