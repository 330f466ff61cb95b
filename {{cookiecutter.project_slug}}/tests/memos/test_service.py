"""Memos, without HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ChangedMeanwhile
from app.memos.cursor import from_cursor, to_cursor
from app.memos.errors import MemoNotFound
from app.memos.models import Memo
from app.memos.service import create_memo, delete_memo, get_memo, list_memos, update_memo
from app.users.models import User
from app.users.service import delete_user
from tests.app_under_test import PASSWORD
from tests.factories import UserFactory
from tests.memos.factories import MemoFactory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def texts_of_all_pages(session: AsyncSession, owner: User, *, limit: int) -> list[str]:
    memos, cursor = await list_memos(session, owner, limit=limit)
    texts = [memo.text for memo in memos]
    while cursor:
        memos, cursor = await list_memos(session, owner, cursor=cursor, limit=limit)
        texts += [memo.text for memo in memos]
    return texts


async def test_a_new_memo_belongs_to_its_owner_and_is_not_archived(
    session: AsyncSession, user: User
) -> None:
    memo = await create_memo(session, user, text="Milk")

    stored = await session.scalar(select(Memo).where(Memo.owner_id == user.id))
    assert stored is memo
    assert (memo.text, memo.archived, memo.version) == ("Milk", False, 1)


async def test_violating_another_constraint_is_not_reported_as_a_removed_owner(
    session: AsyncSession, user: User
) -> None:
    with pytest.raises(IntegrityError, match="text"):
        await create_memo(session, user, text=None)  # type: ignore[arg-type]


async def test_a_list_is_in_order_of_creation_newest_first(
    session: AsyncSession, user: User
) -> None:
    for hour in (2, 1, 3):
        created_at = NOON + timedelta(hours=hour)
        await MemoFactory.add(session, owner=user, text=f"{hour}", created_at=created_at)

    memos, _ = await list_memos(session, user)

    assert [memo.text for memo in memos] == ["3", "2", "1"]


async def test_a_list_has_only_the_memos_of_the_owner(session: AsyncSession, user: User) -> None:
    await MemoFactory.add(session, owner=await UserFactory.add(session))
    memo = await MemoFactory.add(session, owner=user)

    assert await list_memos(session, user) == ([memo], None)


async def test_the_pages_have_each_memo_once_even_of_the_same_moment(
    session: AsyncSession, user: User
) -> None:
    for number in range(6):
        created_at = NOON + timedelta(microseconds=number // 3)
        await MemoFactory.add(session, owner=user, text=f"{number}", created_at=created_at)

    for limit in (1, 2, 3, 6, 7):
        texts = await texts_of_all_pages(session, user, limit=limit)
        assert sorted(texts) == ["0", "1", "2", "3", "4", "5"]
        assert set(texts[:3]) == {"3", "4", "5"}


async def test_the_last_page_has_no_cursor_even_if_it_is_full(
    session: AsyncSession, user: User
) -> None:
    memo = await MemoFactory.add(session, owner=user)

    assert await list_memos(session, user, limit=1) == ([memo], None)


async def test_a_page_starts_after_a_memo_that_is_gone(session: AsyncSession, user: User) -> None:
    for hour in range(3):
        created_at = NOON + timedelta(hours=hour)
        await MemoFactory.add(session, owner=user, text=f"{hour}", created_at=created_at)
    [newest], cursor = await list_memos(session, user, limit=1)
    await delete_memo(session, newest)

    memos, _ = await list_memos(session, user, cursor=cursor)

    assert [memo.text for memo in memos] == ["1", "0"]


async def test_a_list_loads_the_owner_with_the_memos(session: AsyncSession, user: User) -> None:
    for _ in range(6):
        await MemoFactory.add(session, owner=user)
    session.expunge_all()

    memos, _ = await list_memos(session, user)

    # Another query would fail here, as nothing awaits it.
    assert {memo.owner.email for memo in memos} == {user.email}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("milk", {"Buy MILK", "milk 100%"}),
        ("%", {"milk 100%"}),
        ("_", {"snake_case"}),
        ("\\", {"C:\\"}),
        ("/", {"and/or"}),
        ("'", set()),
    ],
)
async def test_a_list_can_be_limited_to_memos_that_contain_a_text_literally(
    session: AsyncSession, user: User, text: str, found: set[str]
) -> None:
    for each in ("Buy MILK", "milk 100%", "snake_case", "C:\\", "and/or"):
        await MemoFactory.add(session, owner=user, text=each)

    memos, _ = await list_memos(session, user, text=text)

    assert {memo.text for memo in memos} == found


@pytest.mark.parametrize(("archived", "found"), [(True, {"old"}), (False, {"new"})])
async def test_a_list_can_be_limited_to_memos_that_are_archived_or_not(
    session: AsyncSession, user: User, archived: bool, found: set[str]
) -> None:
    await MemoFactory.add(session, owner=user, text="old", archived=True)
    await MemoFactory.add(session, owner=user, text="new")

    memos, _ = await list_memos(session, user, archived=archived)

    assert {memo.text for memo in memos} == found


async def test_get_memo_returns_a_memo_of_the_owner(session: AsyncSession, user: User) -> None:
    memo = await MemoFactory.add(session, owner=user)

    assert await get_memo(session, user, memo.id) is memo


async def test_get_memo_refuses_a_memo_of_another_user(session: AsyncSession, user: User) -> None:
    memo = await MemoFactory.add(session, owner=await UserFactory.add(session))

    with pytest.raises(MemoNotFound):
        await get_memo(session, user, memo.id)


async def test_get_memo_refuses_an_unknown_id(session: AsyncSession, user: User) -> None:
    with pytest.raises(MemoNotFound):
        await get_memo(session, user, uuid4())


async def test_update_memo_refuses_changes_that_were_made_for_another_version(
    session: AsyncSession, user: User
) -> None:
    memo = await MemoFactory.add(session, owner=user)
    await update_memo(session, memo, {"text": "first"}, version=1)

    with pytest.raises(ChangedMeanwhile):
        await update_memo(session, memo, {"text": "second"}, version=1)

    assert (memo.text, memo.version) == ("first", 2)


async def test_delete_memo_removes_the_row(session: AsyncSession, user: User) -> None:
    memo = await MemoFactory.add(session, owner=user)

    await delete_memo(session, memo)

    assert await session.get(Memo, memo.id) is None


async def test_the_memos_of_a_user_are_removed_with_the_user(
    session: AsyncSession, user: User
) -> None:
    await MemoFactory.add(session, owner=user)
    other = await MemoFactory.add(session, owner=await UserFactory.add(session))

    await delete_user(session, user, current_password=PASSWORD)

    assert (await session.scalars(select(Memo.id))).all() == [other.id]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 25, 22, 59, 59, 999999, tzinfo=UTC),
    ],
    ids=str,
)
def test_a_cursor_is_read_as_it_was_written(moment: datetime) -> None:
    row_id = uuid4()

    assert from_cursor(to_cursor(moment, row_id)) == (moment, row_id)


@pytest.mark.parametrize("cursor", ["0" * 46, "f" * 46])
async def test_each_text_of_its_form_is_a_cursor(
    session: AsyncSession, user: User, cursor: str
) -> None:
    memo = await MemoFactory.add(session, owner=user)

    assert await list_memos(session, user, cursor=cursor) == ([memo] if cursor > "a" else [], None)
