import math
import sys

import anyio
import pytest
from anyio import from_thread, to_thread

from streamlets import Pool, checksum, heartbeat, lines, listen, pmap

pytestmark = pytest.mark.anyio


async def test_pool():
    made = 0
    most = inside = 0

    async def make():
        nonlocal made
        made += 1
        await anyio.sleep(0)
        return object()

    pool = Pool(make, 2)

    async def use():
        nonlocal inside, most
        async with pool.take():
            inside += 1
            most = max(most, inside)
            await anyio.sleep(0.001)
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(use)
    assert (made, most) == (2, 2)


async def test_pmap():
    async def double(x):
        await anyio.sleep(0.001 * (3 - x))
        return 2 * x

    assert await pmap(double, [1, 2, 3]) == [2, 4, 6]


async def test_pmap_fails():
    async def fail(x):
        raise ValueError(x)

    with pytest.raises(BaseExceptionGroup):
        await pmap(fail, [1], workers=1)


async def test_heartbeat(group):
    beats = 0
    enough = anyio.Event()

    async def beat():
        nonlocal beats
        beats += 1
        if beats == 3:
            enough.set()

    await group.start(heartbeat, beat, 0.001)
    with anyio.fail_after(1):
        await enough.wait()


async def test_heartbeat_wrong(group):
    async def call():
        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep(math.inf)
        assert scope.cancelled_caught

    await call()


async def test_files(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("a\nb\n")
    assert await lines(path) == ["a", "b"]
    assert await checksum(path) == sum(b"a\nb\n")


async def test_listen(group):
    port = await group.start(listen, bytes.upper)
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"hello")
        assert await stream.receive() == b"HELLO"


async def test_from_thread():
    async def answer():
        await anyio.sleep(0)
        return 42

    assert await to_thread.run_sync(from_thread.run, answer) == 42


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_process(anyio_backend):
    done = await anyio.run_process([sys.executable, "-c", "print(1)"])
    assert done.stdout.strip() == b"1"


def test_portal(anyio_backend):
    with from_thread.start_blocking_portal(anyio_backend) as portal:
        assert portal.call(pmap, increment, [1]) == [2]


async def increment(x):
    return x + 1


def test_plain():
    assert anyio.run(pmap, increment, [1, 2]) == [2, 3]
