import pytest
import pytest_asyncio

from crawler import planted


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["nap", "sync_client", "spin", "leak", "hang"])
async def test_function_loop(name):
    await getattr(planted, name)()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", ["nap", "leak"])
async def test_session_loop(name):
    await getattr(planted, name)()


@pytest_asyncio.fixture
async def leaking():
    await planted.leak()


@pytest.mark.asyncio
async def test_fixture(leaking):
    pass
