"""The chat: a room of WebSockets, and what was said in it."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.models import ChatMessage
from app.users.models import User
from tests.app_under_test import bearer
from tests.factories import UserFactory
from tests.isolation.fixtures import ConnectWebSocket
from tests.isolation.websocket import WebSocketClosed
from tests.product_factories import ChatMessageFactory


async def test_what_is_said_is_told_to_everybody_in_the_room(
    connect_websocket: ConnectWebSocket, session: AsyncSession
) -> None:
    ada = bearer(await UserFactory.add(session, full_name="Ada"))
    grace = bearer(await UserFactory.add(session, full_name="Grace"))

    async with connect_websocket("/chat/tea", headers=ada) as first:
        assert await first.receive_json() == {"kind": "joined", "name": "Ada"}
        async with connect_websocket("/chat/tea", headers=grace) as second:
            assert await first.receive_json() == {"kind": "joined", "name": "Grace"}
            assert await second.receive_json() == {"kind": "joined", "name": "Grace"}
            await second.send_json({"text": " Hello "})
            for socket in (first, second):
                said = await socket.receive_json()
                assert (said["kind"], said["name"], said["text"]) == ("said", "Grace", "Hello")
        assert await first.receive_json() == {"kind": "left", "name": "Grace"}

    message = (await session.scalars(select(ChatMessage))).one()
    assert (message.room, message.text) == ("tea", "Hello")


async def test_nobody_hears_what_is_said_in_another_room(
    connect_websocket: ConnectWebSocket, token: dict[str, str]
) -> None:
    async with (
        connect_websocket("/chat/tea", headers=token) as tea,
        connect_websocket("/chat/coffee", headers=token) as coffee,
    ):
        await tea.receive_json()
        await coffee.receive_json()
        await coffee.send_json({"text": "Espresso"})
        assert (await coffee.receive_json())["text"] == "Espresso"
        await tea.send_json({"text": "Assam"})
        assert (await tea.receive_json())["text"] == "Assam"


async def test_a_message_without_text_is_refused(
    connect_websocket: ConnectWebSocket, session: AsyncSession, token: dict[str, str]
) -> None:
    async with connect_websocket("/chat/tea", headers=token) as socket:
        await socket.receive_json()
        await socket.send_json({"text": "  "})
        assert await socket.receive_json() == {"kind": "refused", "count": 1}

    assert (await session.scalars(select(ChatMessage))).all() == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
async def test_a_handshake_without_a_token_is_refused(
    connect_websocket: ConnectWebSocket, headers: dict[str, str]
) -> None:
    with pytest.raises(WebSocketClosed) as refused:
        async with connect_websocket("/chat/tea", headers=headers):
            pass

    assert refused.value.code == 1008


async def test_the_history_has_the_last_messages(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    for number in range(12):
        author = await UserFactory.add(session, full_name=f"Author {number}")
        await ChatMessageFactory.add(session, room="tea", author=author, text="Hello")
    await ChatMessageFactory.add(session, room="coffee", author=user, text="elsewhere")

    response = await client.get("/chat/tea/history", params={"limit": 10}, headers=token)

    assert response.status_code == 200
    assert response.json() == [f"Author {number}: Hello" for number in range(2, 12)]
