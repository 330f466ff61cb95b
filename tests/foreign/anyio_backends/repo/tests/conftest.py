import anyio
import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
async def group(anyio_backend):
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()
