from fastapi import APIRouter, HTTPException, Request, status
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from bookings.api.deps import SessionDep
from bookings.models import Booking, Room

router = APIRouter(prefix="/rooms", tags=["rooms"])


class BookingIn(BaseModel):
    guest: str


class RoomOut(BaseModel):
    name: str
    guests: list[str]


@router.get("")
async def list_rooms(session: SessionDep) -> list[RoomOut]:
    rooms = await session.scalars(
        select(Room).options(selectinload(Room.bookings)).order_by(Room.name)
    )
    return [RoomOut(name=room.name, guests=[b.guest for b in room.bookings]) for room in rooms]


@router.post("/{name}/bookings", status_code=status.HTTP_201_CREATED)
async def book(name: str, body: BookingIn, session: SessionDep, request: Request) -> int:
    room = await session.scalar(select(Room).where(Room.name == name).with_for_update())
    if room is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    taken = await session.scalar(
        select(func.count()).select_from(Booking).where(Booking.room_id == room.id)
    )
    if taken >= request.app.state.settings.seats:
        raise HTTPException(status.HTTP_409_CONFLICT, "full")
    booking = Booking(room_id=room.id, guest=body.guest)
    session.add(booking)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(status.HTTP_409_CONFLICT, "booked already") from None
    return booking.id
