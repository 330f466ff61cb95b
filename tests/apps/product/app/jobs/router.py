import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, status
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.jobs import service
from app.jobs.models import Job, Status
from app.jobs.schemas import JobOut, NewJob

router = APIRouter(
    prefix="/jobs", tags=["jobs"], responses=problems(NotAuthenticated, AccountDisabled)
)

PROGRESS = 0.01
"""Seconds between two looks at a job."""


@router.post("", status_code=status.HTTP_202_ACCEPTED, response_model=JobOut)
async def enqueue(new: NewJob, user: CurrentUser, session: SessionDep, request: Request) -> Job:
    job = await service.enqueue(session, user, new.kind, new.payload)
    await session.commit()
    request.app.state.worker.wake()
    return job


async def own_job(job_id: int, user: CurrentUser, session: SessionDep) -> Job:
    job = await session.get(Job, job_id)
    if job is None or job.owner_id != user.id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "You have no such job.")
    return job


OwnJob = Annotated[Job, Depends(own_job)]


@router.get("/{job_id}", response_model=JobOut)
async def read_job(
    job: OwnJob, session: SessionDep, wait: Annotated[float, Query(ge=0, le=30)] = 0
) -> Job:
    """Answer when the job is over, or as it is when the time is up."""
    deadline = asyncio.get_running_loop().time() + wait
    while job.status is Status.QUEUED and asyncio.get_running_loop().time() < deadline:
        # No connection is held while nothing happens.
        await session.commit()
        await asyncio.sleep(PROGRESS)
        await session.refresh(job)
    return job


@router.get("/{job_id}/events", response_class=StreamingResponse)
async def progress(job: OwnJob, session: SessionDep, request: Request) -> StreamingResponse:
    """Server-sent events: one for each change of the status, until the job is over."""
    # The session of the request lives as long as the stream: it holds no connection.
    await session.commit()
    return StreamingResponse(
        changes(request.app.state.sessionmaker, job.id), media_type="text/event-stream"
    )


async def changes(
    sessionmaker: async_sessionmaker[AsyncSession], job_id: int
) -> AsyncIterator[str]:
    last = None
    while last is None or last is Status.QUEUED:
        async with sessionmaker() as session:
            now = await session.scalar(select(Job.status).where(Job.id == job_id))
        if now is not last:
            yield f"event: status\ndata: {now}\n\n"
        if now is None:
            return
        last = now
        await asyncio.sleep(PROGRESS)
