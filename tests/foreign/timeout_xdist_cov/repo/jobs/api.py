import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from jobs.queue import Job, JobQueue


class JobIn(BaseModel):
    kind: str
    n: int = 1
    priority: int = 5


def show(job: Job) -> dict:
    return {"number": job.number, "state": job.state, "result": job.result}


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.queue = JobQueue()
    yield
    await app.state.queue.close()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def limit(request: Request, call_next):
    async with asyncio.timeout(2):
        return await call_next(request)


def find(request: Request, number: int) -> Job:
    try:
        return request.app.state.queue.jobs[number]
    except KeyError:
        raise HTTPException(404) from None


@app.post("/jobs", status_code=202)
async def create(job: JobIn, request: Request) -> dict:
    return show(request.app.state.queue.submit(job.kind, job.n, job.priority))


@app.get("/jobs/{number}")
async def read(number: int, request: Request, wait: bool = False) -> dict:
    job = find(request, number)
    if wait:
        await job.done.wait()
    return show(job)


@app.get("/jobs/{number}/events")
async def events(number: int, request: Request) -> StreamingResponse:
    job = find(request, number)

    async def stream():
        state = None
        while state not in ("done", "failed"):
            if job.state != state:
                state = job.state
                yield f"data: {state}\n\n"
            await asyncio.sleep(0.001)

    return StreamingResponse(stream(), media_type="text/event-stream")
