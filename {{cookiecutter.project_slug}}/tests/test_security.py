"""Passwords are hashed in few threads, and without a connection to the database."""

import asyncio
import threading

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from app.errors import Busy
from app.security import HashingThreads, hashing_threads, password_context
from tests.app_under_test import PASSWORD

BUSY = {
    "type": "/problems/busy",
    "title": "Busy",
    "status": 503,
    "detail": "Too many requests need a password to be checked. Try again in a few seconds.",
}
LOGIN = {"username": "ada@example.com", "password": PASSWORD}
REGISTRATION = {"email": "grace@example.com", "password": PASSWORD}
CHANGE = {"current_password": PASSWORD, "new_password": "a new password"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/auth/login", {"data": LOGIN}, 200),
        ("POST", "/auth/login", {"data": LOGIN | {"username": "nobody@example.com"}}, 401),
        ("POST", "/auth/register", {"json": REGISTRATION}, 201),
        ("PUT", "/users/me/password", {"json": CHANGE}, 200),
    ],
    ids=["login", "unknown email", "register", "change password"],
)
async def test_no_connection_is_held_while_a_password_is_hashed(
    app: FastAPI,
    client: httpx.AsyncClient,
    token: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: dict[str, dict[str, str]],
    status: int,
) -> None:
    pool = app.state.sessionmaker.kw["bind"].pool
    held = []
    for name in ("hash", "verify"):
        original = getattr(password_context, name)

        def watched(*args: object, original: object = original) -> object:
            held.append(pool.checkedout())
            return original(*args)  # type: ignore[operator]

        monkeypatch.setattr(password_context, name, watched)

    response = await client.request(method, path, headers=token, **body)  # type: ignore[arg-type]

    assert response.status_code == status
    assert set(held) == {0}


async def test_a_login_that_finds_the_queue_full_does_not_reach_the_database(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    hashing_threads.limit(at_once=1, waiting=0)
    # The request runs in the task of the test, a worker of the app in another one.
    sent: list[asyncio.Task[None] | None] = []
    event.listen(
        app.state.sessionmaker.kw["bind"].sync_engine,
        "before_cursor_execute",
        lambda *_: sent.append(asyncio.current_task()),
    )

    with hashing_threads.attempt():
        response = await client.post("/auth/login", data=LOGIN)

    assert response.status_code == 503
    assert response.json() == BUSY
    assert asyncio.current_task() not in sent


async def test_the_queue_has_a_limit_and_loses_no_place() -> None:
    threads, go_on = HashingThreads(), threading.Event()
    threads.limit(at_once=1, waiting=1)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(threads.run(go_on.wait))
        waiting = tasks.create_task(threads.run(go_on.wait))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await threads.run(str)

        waiting.cancel()
        running.cancel()
        await asyncio.sleep(0)
        # What has begun keeps its thread.
        next_one = tasks.create_task(threads.run(threading.current_thread))
        await asyncio.sleep(0)
        assert not next_one.done()
        go_on.set()

    assert next_one.result().name == "password_0"


async def test_an_app_that_starts_again_keeps_the_threads() -> None:
    threads = HashingThreads()
    threads.limit(at_once=1, waiting=0)
    first = await threads.run(threading.current_thread)

    threads.limit(at_once=1, waiting=5)
    assert await threads.run(threading.current_thread) is first

    threads.limit(at_once=2, waiting=0)
    assert await threads.run(threading.current_thread) is not first


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/login", {"data": LOGIN}),
        ("POST", "/auth/register", {"json": REGISTRATION}),
        ("PUT", "/users/me/password", {"json": CHANGE}),
    ],
)
async def test_a_request_that_finds_the_queue_full_returns_503(
    client: httpx.AsyncClient,
    token: dict[str, str],
    method: str,
    path: str,
    body: dict[str, dict[str, str]],
) -> None:
    hashing_threads.limit(at_once=1, waiting=0)
    go_on = threading.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hashing_threads.run(go_on.wait))
        await asyncio.sleep(0)

        response = await client.request(method, path, headers=token, **body)  # type: ignore[arg-type]
        go_on.set()

    assert response.status_code == 503
    assert response.headers["retry-after"] == "3"
    assert response.json() == BUSY
