import httpx
import pytest

from accounts.api import build_app, hash_password, make_token


@pytest.fixture
def app(tmp_path):
    return build_app(tmp_path / "users.json")


@pytest.fixture
async def client(app):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://testserver"
    ) as client:
        yield client


@pytest.fixture
async def user(app):
    app.state.store.add("ada@example.com", hash_password("correct horse"))
    app.state.store.save()
    return "ada@example.com"


@pytest.fixture
def auth(user):
    return {"Authorization": f"Bearer {make_token(user)}"}
