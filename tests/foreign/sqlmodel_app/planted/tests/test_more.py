import pytest
from heroes.models import Team
from heroes.more import router


@pytest.fixture(autouse=True)
def _more(app):
    app.include_router(router)


@pytest.fixture
async def teams(session):
    teams = [Team(name=f"team {n}") for n in range(8)]
    session.add_all(teams)
    await session.commit()
    return teams


async def test_create_team(client):
    assert (await client.post("/teams", params={"name": "X"})).json() == "X"


async def test_read_teams(client, teams):
    assert len((await client.get("/teams")).json()) == 8


async def test_read_team(client, teams):
    assert (await client.get(f"/teams/{teams[0].id}")).status_code == 200
