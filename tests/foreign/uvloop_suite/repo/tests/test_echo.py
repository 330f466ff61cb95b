import asyncio

import pytest
import uvloop

from echoes import Echo, shout


@pytest.mark.asyncio
async def test_runs_on_uvloop():
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


@pytest.mark.asyncio
async def test_echo(port):
    assert await shout(port, "hello", "world") == ["hello", "world"]


@pytest.mark.asyncio
@pytest.mark.parametrize("clients", [1, 5])
async def test_clients(port, clients):
    heard = await asyncio.gather(*(shout(port, str(n)) for n in range(clients)))
    assert heard == [[str(n)] for n in range(clients)]


def test_plain():
    assert Echo.connections == 0


def test_run():
    assert uvloop.run(asyncio.sleep(0, 3)) == 3
