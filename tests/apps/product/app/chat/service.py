"""Messages of the chat. Functions flush; whoever calls them commits."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.chat.models import ChatMessage
from app.users.models import User


async def say(session: AsyncSession, room: str, author: User, text: str) -> ChatMessage:
    """Store what somebody says in a room."""
    message = ChatMessage(room=room, author_id=author.id, text=text)
    session.add(message)
    await session.flush()
    return message


async def history(session: AsyncSession, room: str, *, limit: int) -> Sequence[ChatMessage]:
    """Return the last messages of a room with their authors, the oldest first."""
    rows = await session.scalars(
        select(ChatMessage)
        .where(ChatMessage.room == room)
        .options(joinedload(ChatMessage.author))
        .order_by(ChatMessage.id.desc())
        .limit(limit)
    )
    return rows.all()[::-1]
