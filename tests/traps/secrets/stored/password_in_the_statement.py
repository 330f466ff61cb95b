"""The password is in the text of an INSERT."""

from typing import Annotated

from fastapi import APIRouter, Body
from sqlalchemy import text

from app.database import SessionDep

SAYS = "POST /trap stored the submitted password as it is in table users"
ALSO = ("database.sql-injection",)
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> None:
    await session.execute(  # <-
        text(
            "INSERT INTO users (id, email, password_hash)"
            f" VALUES (gen_random_uuid(), 'ada@example.com', '{password}')"
        )
    )
    await session.commit()
