from bookings.api.deps import SessionDep
from bookings.models import Booking, Room
from fastapi import APIRouter
from sqlalchemy import select

router = APIRouter()


@router.post("/rooms/{name}")
async def add_room(name: str, session: SessionDep) -> None:
    session.add(Room(name=name))  # <- database.lost-commit
    await session.flush()


@router.get("/guests")
async def guests(session: SessionDep) -> dict[str, list[str]]:
    found = {}
    for room in (await session.scalars(select(Room))).all():
        of_room = select(Booking.guest).where(Booking.room_id == room.id)
        found[room.name] = list(await session.scalars(of_room))  # <- database.n-plus-one
    return found


@router.delete("/rooms/{name}")
async def remove_room(name: str, session: SessionDep) -> None:
    room = await session.scalar(select(Room).where(Room.name == name))
    await session.delete(room)  # <- requests.5xx
    await session.commit()
