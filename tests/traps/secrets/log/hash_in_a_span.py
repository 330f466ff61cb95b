"""A span of OpenTelemetry records an error that shows the row, hash included."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap traced a password hash (span `store`)"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()
tracer = TracerProvider(shutdown_on_exit=False).get_tracer("app")


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    password_hash = await hash_password(password)
    statement = insert(User).values(email=None, password_hash=password_hash)
    try:
        with tracer.start_as_current_span("store"):  # <-
            await session.execute(statement)
    except IntegrityError:
        await session.rollback()
