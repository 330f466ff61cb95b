import psycopg
from fastapi import APIRouter
from sqlalchemy import select

from catalogue.app import Db, Film

router = APIRouter()


@router.post("/forgotten")
async def forgotten(db: Db) -> None:
    db.add(Film(title="Metropolis"))  # <- database.lost-commit


@router.get("/one")
async def one(db: Db) -> int:
    found = 0
    for number in range(8):
        film = await db.scalar(select(Film).where(Film.id == number))  # <- database.n-plus-one
        found += film is not None
    return found


@router.get("/sync")
async def synchronous() -> None:
    psycopg.connect("host=127.0.0.1 port=1 connect_timeout=1")  # <- blocking.database


@router.get("/first")
async def first(db: Db) -> str:
    return (await db.get(Film, 1)).title  # <- requests.5xx
