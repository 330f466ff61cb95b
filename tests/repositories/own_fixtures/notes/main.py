from contextlib import asynccontextmanager

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Request

from notes.database import connect, notes


@asynccontextmanager
async def lifespan(app):
    app.state.sessions = connect()
    yield
    await app.state.sessions.kw["bind"].dispose()


app = FastAPI(lifespan=lifespan)


async def get_session(request: Request):
    async with request.app.state.sessions() as session:
        yield session


@app.get("/health")
async def health():
    return "well"


@app.post("/notes/{text}", status_code=201)
async def write(text: str, session=Depends(get_session)):
    await session.execute(sa.insert(notes).values(text=text))
    await session.commit()


@app.get("/notes")
async def read(session=Depends(get_session)):
    return list(await session.scalars(sa.select(notes.c.text).order_by(notes.c.text)))
