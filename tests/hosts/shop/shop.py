"""An app with a defect of each kind that every version has to show."""

import asyncio
import time
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
sessions = async_sessionmaker(engine, expire_on_commit=False)
INSERT = text("INSERT INTO items (name) VALUES ('bolt')")
tasks = []


@asynccontextmanager
async def lifespan(app):
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS items (name TEXT)"))
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_session():
    async with sessions() as session:
        yield session


async def send_mail():
    pass


@app.get("/good")
async def good(session: AsyncSession = Depends(get_session)):
    await session.execute(INSERT)
    await session.commit()
    await asyncio.sleep(0.01)
    return {}


@app.get("/blocking.sleep")
async def sleep():
    time.sleep(0.001)  # <- blocking.sleep
    return {}


@app.get("/slow.cpu")
async def slow():
    end = time.thread_time() + 0.2
    while time.thread_time() < end:  # <- slow.cpu
        pass
    return {}


@app.get("/tasks.leaked")
async def leak():
    tasks.append(asyncio.create_task(asyncio.sleep(60)))  # <- tasks.leaked
    return {}


@app.get("/warnings.never-awaited")
async def unawaited():
    send_mail()  # <- warnings.never-awaited
    return {}


@app.get("/requests.5xx")
async def fail():
    raise RuntimeError("no")  # <- requests.5xx


@app.get("/requests.hang")
async def hang():
    await asyncio.Event().wait()  # <- requests.hang


@app.get("/database.lost-commit")
async def forget(session: AsyncSession = Depends(get_session)):
    await session.execute(INSERT)  # <- database.lost-commit
    return {}
