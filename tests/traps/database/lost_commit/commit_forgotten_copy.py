"""Rows are copied by the driver, and never committed."""

import uuid
from typing import Any

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "never committed a change of users by its driver"
CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("SELECT 1"))
    raw = await (await session.connection()).get_raw_connection()  # <-
    driver: Any = raw.driver_connection
    row = (uuid.uuid4(), "ada@example.com", "x")
    await driver.copy_records_to_table(
        "users", records=[row], columns=["id", "email", "password_hash"]
    )
