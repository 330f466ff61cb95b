"""Mail, sent in the background through the HTTP API of a provider."""

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.comments.models import Comment
from app.comments.service import owner_email
from app.config import Settings
from app.mails.models import Mail


async def send(http: httpx.AsyncClient, settings: Settings, mail: Mail) -> None:
    """Hand a mail over to the provider, and note on it what went wrong, if anything."""
    try:
        response = await http.post(
            settings.mail_url,
            json={"to": mail.recipient, "subject": mail.subject, "text": mail.body},
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        mail.error = str(error) or type(error).__name__


async def tell_of_comment(
    sessionmaker: async_sessionmaker[AsyncSession],
    http: httpx.AsyncClient,
    settings: Settings,
    comment_id: int,
) -> None:
    """Write to the owner of a todo that somebody has commented on it."""
    # The session of the request is closed by the time that this runs.
    async with sessionmaker() as session:
        comment = await session.get_one(Comment, comment_id)
        recipient = await owner_email(session, comment.todo_id)
        if recipient is None:
            return
        mail = Mail(recipient=recipient, subject="A new comment", body=comment.text)
        await send(http, settings, mail)
        session.add(mail)
        await session.commit()
