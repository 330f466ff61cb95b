"""A connection by psycopg2."""

import psycopg2
from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    url = request.app.state.settings.database_url.replace("+asyncpg", "")
    psycopg2.connect(url).close()  # <-
