import pytest
from bookings.models import Room


@pytest.fixture
async def room(session):
    room = Room(name="attic")
    session.add(room)
    await session.commit()
    return room
