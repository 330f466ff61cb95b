import asyncio

import anyio
import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio", {"use_uvloop": True}


@pytest.mark.anyio
async def test_module():
    assert type(asyncio.get_running_loop()).__module__ == "uvloop"


@pytest.mark.anyio
async def test_group():
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
