import asyncio

from bookings.models import Booking
from sqlalchemy import func, select


async def test_no_rooms(client):
    response = await client.get("/rooms")
    assert response.status_code == 200
    assert response.json() == []


async def test_booking(client, session, room):
    response = await client.post("/rooms/attic/bookings", json={"guest": "ada"})
    assert response.status_code == 201
    assert (await session.scalar(select(Booking.guest))) == "ada"
    assert (await client.get("/rooms")).json() == [{"name": "attic", "guests": ["ada"]}]


async def test_same_guest_twice(client, room):
    assert (await client.post("/rooms/attic/bookings", json={"guest": "ada"})).status_code == 201
    response = await client.post("/rooms/attic/bookings", json={"guest": "ada"})
    assert response.status_code == 409
    assert response.json() == {"detail": "booked already"}


async def test_unknown_room(client):
    assert (await client.post("/rooms/cellar/bookings", json={"guest": "ada"})).status_code == 404


async def test_last_seats(concurrent_client, session, room):
    guests = [f"guest {n}" for n in range(6)]
    responses = await asyncio.gather(
        *(concurrent_client.post("/rooms/attic/bookings", json={"guest": g}) for g in guests)
    )
    assert sorted(r.status_code for r in responses) == [201, 201, 409, 409, 409, 409]
    assert await session.scalar(select(func.count()).select_from(Booking)) == 2
