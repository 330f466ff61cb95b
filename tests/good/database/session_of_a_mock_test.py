from unittest.mock import AsyncMock

from sqlalchemy.ext.asyncio import AsyncSession

from .session_of_a_mock import finish


async def test_client() -> None:
    session = AsyncMock(spec=AsyncSession)
    await finish(session)
    session.commit.assert_awaited_once_with()
    session.close.assert_awaited_once_with()
