import pytest
from bookings.models import Room
from bookings.more import router


@pytest.fixture
def more(app):
    app.include_router(router)


async def test_add_room(client, more):
    assert (await client.post("/rooms/attic")).status_code == 200


async def test_guests(client, session, more):
    session.add_all(Room(name=f"room {n}") for n in range(8))
    assert (await client.get("/guests")).status_code == 200


async def test_remove_room(client, more):
    assert (await client.delete("/rooms/cellar")).status_code == 200
