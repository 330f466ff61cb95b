import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ChangedMeanwhile, EmailTaken, WrongPassword
from app.security import verify_password
from app.users.models import User
from app.users.service import (
    change_password,
    create_user,
    delete_user,
    find_user,
    update_user,
)
from tests.app_under_test import PASSWORD
from tests.factories import UserFactory


async def test_create_user_hashes_password(session: AsyncSession) -> None:
    user = await create_user(session, email="test@example.com", password="plaintext")

    assert user.email == "test@example.com"
    assert user.password_hash != "plaintext"
    assert await verify_password("plaintext", user.password_hash)


async def test_a_new_user_has_an_id_and_is_active(session: AsyncSession) -> None:
    user = await create_user(session, email="test@example.com", password=PASSWORD)

    stored = await session.scalar(select(User).where(User.id == user.id))
    assert stored is user
    assert stored.is_active
    assert stored.created_at.tzinfo is not None


@pytest.mark.parametrize("email", ["ada@example.com", "Ada@Example.COM"])
async def test_a_taken_email_is_refused_in_any_case(
    session: AsyncSession, user: User, email: str
) -> None:
    with pytest.raises(EmailTaken):
        await create_user(session, email=email, password=PASSWORD)


SAME_ADDRESS = [
    " jos\u00e9@b\u00fccher.example\u3000",
    "jose\u0301@b\u00fccher.example",
    "jos\u00e9@B\u00dcCHER.example",
    "jos\u00e9@xn--bcher-kva.example",
    "JOS\u00e9@XN--BCHER-KVA.EXAMPLE",
]
"""One address in several forms: blanks, Unicode's decomposed form, and the domain in ASCII."""


@pytest.mark.parametrize("email", SAME_ADDRESS)
async def test_an_email_is_found_and_taken_in_any_form(session: AsyncSession, email: str) -> None:
    user = await create_user(session, email="jos\u00e9@b\u00fccher.example", password=PASSWORD)

    assert await find_user(session, email=email) is user
    with pytest.raises(EmailTaken):
        await create_user(session, email=email, password=PASSWORD)


@pytest.mark.parametrize("email", SAME_ADDRESS[:-1])
async def test_an_email_is_stored_in_one_form(session: AsyncSession, email: str) -> None:
    user = await create_user(session, email=email, password=PASSWORD)
    assert user.email == "jos\u00e9@b\u00fccher.example"

    await update_user(session, user, {"email": " Jos\u00e9@Example.COM"}, current_password=PASSWORD)
    assert user.email == "Jos\u00e9@example.com"


async def test_a_user_with_an_address_that_is_not_valid_is_found(session: AsyncSession) -> None:
    user = await UserFactory.add(session, email="root@localhost")

    assert await find_user(session, email=" root@localhost ") is user


async def test_a_refused_user_leaves_the_session_usable(session: AsyncSession, user: User) -> None:
    with pytest.raises(EmailTaken):
        await create_user(session, email=user.email, password=PASSWORD)

    other = await create_user(session, email="grace@example.com", password=PASSWORD)
    assert (await session.scalars(select(User.email).order_by(User.email))).all() == [
        "ada@example.com",
        other.email,
    ]


async def test_violating_another_constraint_is_not_reported_as_a_taken_email(
    session: AsyncSession, user: User
) -> None:
    with pytest.raises(IntegrityError, match="password_hash"):
        await update_user(session, user, {"password_hash": None})


async def test_a_user_is_found_by_email_in_any_case(session: AsyncSession, user: User) -> None:
    assert await find_user(session, email="ADA@example.com") is user
    assert await find_user(session, email="nobody@example.com") is None


async def test_update_user_sets_what_is_given_and_nothing_else(
    session: AsyncSession, user: User
) -> None:
    await update_user(session, user, {"full_name": "Ada Lovelace"})

    await session.refresh(user)
    assert (user.email, user.full_name) == ("ada@example.com", "Ada Lovelace")


async def test_update_user_refuses_changes_that_were_made_for_another_version(
    session: AsyncSession, user: User
) -> None:
    await update_user(session, user, {"full_name": "Ada"}, version=1)

    with pytest.raises(ChangedMeanwhile):
        await update_user(session, user, {"full_name": "Grace"}, version=1)

    await session.refresh(user)
    assert (user.full_name, user.version) == ("Ada", 2)


async def test_change_password_replaces_the_hash(session: AsyncSession, user: User) -> None:
    await change_password(session, user, current_password=PASSWORD, new_password="a new password")

    assert await verify_password("a new password", user.password_hash)
    assert not await verify_password(PASSWORD, user.password_hash)


async def test_change_password_requires_the_current_one(session: AsyncSession, user: User) -> None:
    old_hash = user.password_hash

    with pytest.raises(WrongPassword):
        await change_password(session, user, current_password="wrong", new_password="a new one")

    assert user.password_hash == old_hash


async def test_delete_user_removes_the_row(session: AsyncSession, user: User) -> None:
    await delete_user(session, user, current_password=PASSWORD)

    assert await session.get(User, user.id) is None


async def test_delete_user_requires_the_current_password(session: AsyncSession, user: User) -> None:
    with pytest.raises(WrongPassword):
        await delete_user(session, user, current_password="wrong")

    assert await session.get(User, user.id) is user
