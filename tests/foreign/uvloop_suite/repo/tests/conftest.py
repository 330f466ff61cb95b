import pytest
import pytest_asyncio
import uvloop

from echoes import serve


@pytest.fixture(scope="session")
def event_loop_policy():
    return uvloop.EventLoopPolicy()


@pytest_asyncio.fixture
async def port():
    server = await serve()
    async with server:
        yield server.sockets[0].getsockname()[1]
