from datetime import UTC

from sqlalchemy.ext.asyncio import AsyncSession

from app.security import password_context
from tests.app_under_test import PASSWORD

from .factories import Author, Comment, Post, create_tables


async def test_client(session: AsyncSession) -> None:
    from tests.factories import RowFactory, UserFactory

    class CommentFactory(RowFactory[Comment]): ...

    await create_tables(session)
    post = Post(author=Author())
    comment = await CommentFactory.add(session, post=post)
    assert comment.post_id == post.id
    assert 0 < len(comment.title) <= 5
    assert comment.remark is None
    assert comment.due.tzinfo is UTC
    users = [await UserFactory.add(session, full_name="Ada") for _ in range(2)]
    assert {user.full_name for user in users} == {"Ada"}
    assert password_context.verify(PASSWORD, users[1].password_hash)
