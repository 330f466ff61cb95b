from places.app import Place
from sqlalchemy import select


async def test_add(client, session):
    assert client.headers["x-client"] == "of its own"
    assert (await client.post("/places/paris")).status_code == 201
    assert (await session.scalars(select(Place.name))).all() == ["paris"]


async def test_read(client, session, engine):
    assert engine.dialect.name == "sqlite"
    session.add(Place(name="paris"))
    await session.commit()
    assert (await client.get("/places")).json() == ["paris"]


def test_app(app):
    assert app.title == "FastAPI"
