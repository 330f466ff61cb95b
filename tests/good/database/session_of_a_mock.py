"""A test hands over a mock, made from the class of the session."""

from sqlalchemy.ext.asyncio import AsyncSession


async def finish(session: AsyncSession) -> None:
    try:
        await session.commit()
    finally:
        await session.close()
