"""Memos of a user. Functions flush and raise domain errors; the caller commits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.database import violated_constraint
from app.errors import ChangedMeanwhile
from app.memos.cursor import Cursor, from_cursor, to_cursor
from app.memos.errors import MemoNotFound
from app.memos.models import OWNER_EXISTS, Memo
from app.users.models import User


async def create_memo(session: AsyncSession, owner: User, *, text: str) -> Memo:
    """Add a memo.

    Raises:
        ChangedMeanwhile: Another request has removed the owner.
    """
    memo = Memo(owner=owner, text=text)
    try:
        async with session.begin_nested():
            session.add(memo)
    except IntegrityError as error:
        if violated_constraint(error) == OWNER_EXISTS:
            raise ChangedMeanwhile from error
        raise
    return memo


async def list_memos(
    session: AsyncSession,
    owner: User,
    *,
    text: str | None = None,
    archived: bool | None = None,
    cursor: Cursor | None = None,
    limit: int = 20,
) -> tuple[Sequence[Memo], Cursor | None]:
    """Return a page of the owner's memos, newest first, and the cursor of the next page, if any.

    A page starts after a row, not after a number of rows. So a memo that is added or removed in the
    meantime moves no other one to another page.

    Args:
        text: What the memos contain, ignoring case.
        archived: Whether they are archived. Both kinds if not given.
        cursor: Where the previous page ended.
    """
    query = select(Memo).where(Memo.owner_id == owner.id).options(joinedload(Memo.owner))
    if text is not None:
        query = query.where(Memo.text.icontains(text, autoescape=True))
    if archived is not None:
        query = query.where(Memo.archived == archived)
    if cursor is not None:
        query = query.where(tuple_(Memo.created_at, Memo.id) < from_cursor(cursor))
    # One more than asked for tells whether there is a next page.
    query = query.order_by(Memo.created_at.desc(), Memo.id.desc()).limit(limit + 1)
    memos = (await session.scalars(query)).all()
    if len(memos) <= limit:
        return memos, None
    last = memos[limit - 1]
    return memos[:limit], to_cursor(last.created_at, last.id)


async def get_memo(session: AsyncSession, owner: User, memo_id: UUID) -> Memo:
    """Return a memo of the owner.

    Raises:
        MemoNotFound: There is no such memo, or it belongs to another user.
    """
    query = select(Memo).where(Memo.id == memo_id, Memo.owner_id == owner.id)
    memo = await session.scalar(query.options(joinedload(Memo.owner)))
    if memo is None:
        raise MemoNotFound
    return memo


async def update_memo(
    session: AsyncSession, memo: Memo, changes: dict[str, Any], *, version: int | None = None
) -> None:
    """Set the given attributes of a memo.

    Args:
        version: The version of the memo that the changes were made for, if the caller knows it.

    Raises:
        ChangedMeanwhile: The memo has a different version by now.
        StaleDataError: Another request changes the memo at the same time.
    """
    if version not in {None, memo.version}:
        raise ChangedMeanwhile
    for name, value in changes.items():
        setattr(memo, name, value)
    await session.flush()


async def delete_memo(session: AsyncSession, memo: Memo) -> None:
    """Remove a memo.

    Raises:
        StaleDataError: Another request changes the memo at the same time.
    """
    await session.delete(memo)
    await session.flush()
