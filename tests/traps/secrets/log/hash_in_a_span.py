"""A span of OpenTelemetry records an error that shows the row, hash included."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap traced a password hash (span `store`)"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()
tracer = TracerProvider(shutdown_on_exit=False).get_tracer("app")


async def get_engine(request: Request) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(request.app.state.settings.database_url)
    yield engine
    await engine.dispose()


EngineDep = Annotated[AsyncEngine, Depends(get_engine)]


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], engine: EngineDep) -> Any:
    password_hash = await hash_password(password)
    statement = insert(User).values(email=None, password_hash=password_hash)
    try:
        with tracer.start_as_current_span("store"):  # <-
            async with engine.begin() as connection:
                await connection.execute(statement)
    except IntegrityError:
        return None
