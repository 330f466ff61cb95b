import pytest
from helpers import stored

from accounts.api import hash_password, make_token
from accounts.store import Store


async def test_register(client, app):
    response = await client.post("/users", json={"email": "bob@x.org", "password": "s3cret-pass"})
    assert response.status_code == 201
    assert response.json() == {"email": "bob@x.org"}
    app.state.store.save()
    assert "bob@x.org" in stored(app)


async def test_register_twice(client, user):
    response = await client.post("/users", json={"email": user, "password": "s3cret-pass"})
    assert response.status_code == 409


async def test_login(client, user):
    response = await client.post("/token", data={"username": user, "password": "correct horse"})
    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"


async def test_wrong_password(client, user):
    response = await client.post("/token", data={"username": user, "password": "wrong horse"})
    assert response.status_code == 401


async def test_unknown_user(client):
    response = await client.post("/token", data={"username": "x@x.org", "password": "wrong horse"})
    assert response.status_code == 401


async def test_me(client, auth, user):
    assert (await client.get("/me", headers=auth)).json() == {"email": user}


@pytest.mark.parametrize("token", ["", "abc"])
async def test_bad_token(client, token):
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/me", headers=headers)).status_code == 401


async def test_hash_in_a_coroutine():
    assert hash_password("abc") != hash_password("abc")
    assert make_token("a@b.c")


async def test_store(tmp_path):
    store = Store.from_file(tmp_path / "s.json")
    store.add("a@b.c", "x")
    with pytest.raises(ValueError):
        store.add("a@b.c", "x")
    store.save()
    assert "a@b.c" in Store(tmp_path / "s.json").users


def test_plain_hash():
    assert hash_password("x").startswith("$2b$04$")
