import asyncio
import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)


@dataclass
class Job:
    number: int
    kind: str
    state: str = "waiting"
    result: object = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


def crunch(n: int) -> int:
    time.sleep(0.005)
    return sum(range(n))


class JobQueue:
    def __init__(self, workers: int = 2) -> None:
        self.jobs: dict[int, Job] = {}
        self.queue: asyncio.PriorityQueue = asyncio.PriorityQueue()
        self.numbers = itertools.count(1)
        self.executor = ThreadPoolExecutor(workers)
        self.tasks = [asyncio.create_task(self.work(), name=f"w{n}") for n in range(workers)]

    def submit(self, kind: str, n: int, priority: int = 5) -> Job:
        job = Job(next(self.numbers), kind)
        self.jobs[job.number] = job
        self.queue.put_nowait((priority, job.number, n))
        return job

    async def work(self) -> None:
        while True:
            _, number, n = await self.queue.get()
            job = self.jobs[number]
            try:
                job.state = "running"
                if job.kind == "crunch":
                    loop = asyncio.get_running_loop()
                    job.result = await loop.run_in_executor(self.executor, crunch, n)
                elif job.kind == "sleep":
                    job.result = await asyncio.wait_for(asyncio.sleep(n / 1000, n), 1)
                else:
                    raise ValueError(job.kind)
                job.state = "done"
            except asyncio.CancelledError:
                job.state = "cancelled"
                raise
            except Exception as error:
                logger.exception("job %s", number)
                job.state, job.result = "failed", repr(error)
            finally:
                job.done.set()
                self.queue.task_done()

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.to_thread(self.executor.shutdown)
