import pytest

from inventory.main import app
from inventory.test_runs import router

app.include_router(router)


@pytest.mark.parametrize("name", ["size", "wait", "start", "forget", "stuck"])
def test_planted(client, name):
    assert client.get(f"/runs/{name}").status_code == 200
