"""Comments, and the mail that tells of them."""

import json

import httpx
import respx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.comments.models import Comment
from app.mails.models import Mail
from app.todos.models import Todo
from app.users.models import User
from tests.factories import UserFactory
from tests.product_factories import CommentFactory


async def test_a_comment_is_stored(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    todo: Todo,
    token: dict[str, str],
    mail_provider: respx.Route,
) -> None:
    response = await client.post(
        f"/todos/{todo.id}/comments", json={"text": "Of oats"}, headers=token
    )

    assert response.status_code == 201
    assert response.json()["author"] == {"id": str(user.id), "full_name": None}
    stored = (await session.scalars(select(Comment))).one()
    assert (stored.text, stored.author_id, stored.todo_id) == ("Of oats", user.id, todo.id)


async def test_the_owner_gets_a_mail_about_a_comment(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    todo: Todo,
    token: dict[str, str],
    mail_provider: respx.Route,
) -> None:
    response = await client.post(
        f"/todos/{todo.id}/comments", json={"text": "Of oats"}, headers=token
    )

    assert response.status_code == 201
    (call,) = mail_provider.calls
    assert json.loads(call.request.content) == {
        "to": user.email,
        "subject": "A new comment",
        "text": "Of oats",
    }
    mail = (await session.scalars(select(Mail))).one()
    assert (mail.recipient, mail.error) == (user.email, None)


async def test_a_mail_that_could_not_be_sent_is_kept_with_the_reason(
    client: httpx.AsyncClient,
    session: AsyncSession,
    todo: Todo,
    token: dict[str, str],
    mail_provider: respx.Route,
) -> None:
    mail_provider.mock(side_effect=httpx.ConnectError("no route"))

    response = await client.post(
        f"/todos/{todo.id}/comments", json={"text": "Of oats"}, headers=token
    )

    assert response.status_code == 201
    assert (await session.scalars(select(Mail.error))).all() == ["no route"]


async def test_comments_come_with_their_authors(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    for number in range(8):
        author = await UserFactory.add(session, full_name=f"Author {number}")
        await CommentFactory.add(session, todo=todo, author=author, text=f"Comment {number}")

    response = await client.get(f"/todos/{todo.id}/comments", headers=token)

    assert response.status_code == 200
    assert [(c["text"], c["author"]["full_name"]) for c in response.json()] == [
        (f"Comment {number}", f"Author {number}") for number in range(8)
    ]
