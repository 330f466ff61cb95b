import asyncio
import time

import pytest

from jobs.queue import JobQueue, crunch


@pytest.fixture
async def queue():
    queue = JobQueue(workers=1)
    yield queue
    await queue.close()


@pytest.fixture
async def slow_start():
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", ["sleep", "crunch"])
async def test_done(queue, kind):
    job = queue.submit(kind, 3)
    await job.done.wait()
    assert (job.state, job.result) == ("done", 3)


async def test_order(queue):
    jobs = [queue.submit("sleep", 1, priority) for priority in (9, 1)]
    async with asyncio.timeout(1):
        await jobs[0].done.wait()
    assert jobs[1].state == "done"


async def test_closed_while_working(slow_start):
    queue = JobQueue()
    job = queue.submit("sleep", 900)
    await asyncio.sleep(0.01)
    await queue.close()
    assert job.state == "cancelled"


@pytest.mark.parametrize("n", range(10))
def test_crunch(n):
    assert crunch(n) == n * (n - 1) // 2


def test_sleepy():
    time.sleep(0.06)


@pytest.mark.xfail(strict=True)
async def test_unknown(queue):
    job = queue.submit("sing", 1)
    await job.done.wait()
    assert job.state == "done"


async def test_timeout():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(1)
