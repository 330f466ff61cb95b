"""A queue of jobs in PostgreSQL. Several workers may drain it: none waits for another."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.jobs.models import Job, Status
from app.todos.models import Todo, TodoList
from app.users.models import User

log = structlog.get_logger()

Handler = Callable[[AsyncSession, Job], Awaitable[dict[str, Any]]]
HANDLERS: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register a function that does jobs of one kind, in the transaction of the job."""

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return register


async def enqueue(
    session: AsyncSession, owner: User, kind: str, payload: dict[str, Any] | None = None
) -> Job:
    """Put a job into the queue."""
    job = Job(owner_id=owner.id, kind=kind, payload=payload or {})
    session.add(job)
    await session.flush()
    return job


async def run_next(session: AsyncSession) -> Job | None:
    """Do the job that has waited longest, if no other worker has it. The caller commits."""
    job = await session.scalar(
        select(Job)
        .where(Job.status == Status.QUEUED, Job.run_at <= func.now())
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is None:
        return None
    try:
        async with session.begin_nested():
            job.result = await HANDLERS[job.kind](session, job)
        job.status = Status.DONE
    except Exception as error:
        log.exception("job failed", job=job.id, kind=job.kind)
        job.status, job.error = Status.FAILED, repr(error)
    job.finished_at = func.now()
    await session.flush()
    return job


async def drain(sessionmaker: async_sessionmaker[AsyncSession]) -> int:
    """Do jobs until none is left, each in a transaction, and return how many it was."""
    count = 0
    async with sessionmaker() as session:
        while await run_next(session):
            await session.commit()
            count += 1
    return count


@handles("count-todos")
async def count_todos(session: AsyncSession, job: Job) -> dict[str, Any]:
    query = (
        select(func.count())
        .select_from(Todo)
        .join(TodoList)
        .where(TodoList.owner_id == job.owner_id)
    )
    return {"todos": await session.scalar(query)}


@handles("finish-all")
async def finish_all(session: AsyncSession, job: Job) -> dict[str, Any]:
    finished = await session.scalars(
        update(Todo)
        .where(Todo.list_id == job.payload["list_id"], Todo.is_done.is_(False))
        .values(is_done=True, version=Todo.version + 1)
        .returning(Todo.id)
    )
    return {"finished": len(finished.all())}
