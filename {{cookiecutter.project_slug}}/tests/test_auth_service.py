import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.service import authenticate
from app.errors import AccountDisabled, InvalidCredentials
from app.security import needs_rehash, password_context, verify_password
from app.users.models import User
from tests.app_under_test import PASSWORD


async def test_authenticate_returns_the_user(session: AsyncSession, user: User) -> None:
    assert await authenticate(session, email="ADA@example.com", password=PASSWORD) is user


async def test_authenticate_refuses_a_wrong_password(session: AsyncSession, user: User) -> None:
    with pytest.raises(InvalidCredentials):
        await authenticate(session, email=user.email, password="wrong")


async def test_authenticate_refuses_a_disabled_user(session: AsyncSession, user: User) -> None:
    user.is_active = False
    await session.commit()

    with pytest.raises(AccountDisabled):
        await authenticate(session, email=user.email, password=PASSWORD)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_refusal_takes_one_hash_whether_or_not_the_email_is_known(
    session: AsyncSession, user: User, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    argon2 = password_context.handler("argon2")
    hashed: list[str] = []
    verify = argon2.verify

    def count(secret: str, hash: str) -> bool:  # noqa: A002
        hashed.append(hash)
        return bool(verify(secret, hash))

    monkeypatch.setattr(argon2, "verify", count)
    password_context.dummy_verify()  # It makes its hash on first use.
    hashed.clear()

    with pytest.raises(InvalidCredentials):
        await authenticate(session, email=email, password="wrong")

    assert len(hashed) == 1


async def test_a_hash_with_weaker_parameters_is_replaced_at_login(
    session: AsyncSession, user: User
) -> None:
    weak = user.password_hash
    parameters = password_context.to_dict()
    password_context.update(argon2__time_cost=2)
    try:
        await authenticate(session, email=user.email, password=PASSWORD)
        assert not needs_rehash(user.password_hash)
    finally:
        password_context.load(parameters)

    assert user.password_hash != weak
    assert await verify_password(PASSWORD, user.password_hash)
