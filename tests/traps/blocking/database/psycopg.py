"""A connection by psycopg without async."""

import psycopg
from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    url = request.app.state.settings.database_url.replace("+asyncpg", "")
    psycopg.connect(url).close()  # <-
