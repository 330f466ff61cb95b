"""Who administers the product. Functions flush; whoever calls them commits."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.admin.models import Role
from app.users.models import User
from app.users.service import create_user, find_user

ADMIN = "admin"


async def ensure_admin(session: AsyncSession, *, email: str, password: str) -> User:
    """Return the first administrator, who is created when there is none."""
    user = await find_user(session, email=email)
    if user is None:
        user = await create_user(session, email=email, password=password, full_name="Admin")
        session.add(Role(user_id=user.id, name=ADMIN))
        await session.flush()
    return user


async def is_admin(session: AsyncSession, user_id: UUID) -> bool:
    return await session.get(Role, (user_id, ADMIN)) is not None


async def count_users(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(User)) or 0
