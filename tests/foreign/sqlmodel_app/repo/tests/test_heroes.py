from heroes.models import Hero
from sqlmodel import select


async def test_create_hero(client, session):
    response = await client.post("/heroes/", json={"name": "Spider-Boy", "age": 16})
    data = response.json()

    assert response.status_code == 200
    assert data["name"] == "Spider-Boy"
    hero = (await session.exec(select(Hero))).one()
    assert hero.id == data["id"]


async def test_read_heroes(client, deadpond):
    response = await client.get("/heroes/")
    assert response.status_code == 200
    assert [hero["name"] for hero in response.json()] == ["Deadpond"]


async def test_delete_hero(client, session, deadpond):
    response = await client.delete(f"/heroes/{deadpond.id}")
    assert response.status_code == 200
    assert (await session.exec(select(Hero))).all() == []


async def test_missing_hero(client):
    assert (await client.get("/heroes/1")).status_code == 404
