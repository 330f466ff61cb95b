import time

from fastapi import APIRouter
from sqlalchemy import select

from places.app import Place, Session

router = APIRouter()


@router.post("/forgotten")
async def forgotten(session: Session) -> None:
    session.add(Place(name="paris"))  # <- database.lost-commit


@router.post("/sleep")
async def sleep() -> None:
    time.sleep(0.01)  # <- blocking.sleep


@router.post("/one")
async def one(session: Session) -> None:
    (await session.scalars(select(Place))).one()  # <- requests.5xx
