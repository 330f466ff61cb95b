"""A transaction is tried anew, and finds that the first attempt was committed after all."""

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.users.models import User

CLIENTS = ("concurrent_client",)

router = APIRouter()

STATEMENT = insert(User).on_conflict_do_nothing()


@router.put("/users/{name}")
async def put_by_session(request: Request, name: str) -> None:
    for _ in range(3):
        try:
            async with request.app.state.sessionmaker.begin() as session:
                await session.execute(STATEMENT, {"email": name, "password_hash": "x"})
        except SQLAlchemyError:
            continue
        return
    raise HTTPException(503)


@router.put("/rows/{name}")
async def put_by_connection(request: Request, name: str) -> None:
    engine: AsyncEngine = request.app.state.sessionmaker.kw["bind"]
    for _ in range(3):
        try:
            async with engine.begin() as connection:
                await connection.execute(STATEMENT, {"email": name, "password_hash": "x"})
        except SQLAlchemyError:
            continue
        return
    raise HTTPException(503)
