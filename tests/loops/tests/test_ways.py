"""Every way to run a loop in a test, each with every defect, and with none."""

import asyncio
import unittest
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError

import anyio
import pytest
import pytest_asyncio
from starlette.testclient import TestClient

import shop
from tests.ways import DEFECTS, GOOD, call

each = pytest.mark.parametrize("defect", [*DEFECTS, GOOD])


@each
def test_asyncio_run(defect: str) -> None:
    asyncio.run(call(defect))


@each
def test_asyncio_run_without_debug(defect: str) -> None:
    asyncio.run(call(defect), debug=False)


@each
def test_runner(defect: str) -> None:
    with asyncio.Runner() as runner:
        runner.run(shop.work())
        runner.run(call(defect))


@pytest.fixture(scope="module")
def shared_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        runner.run(shop.work())
        yield runner


@each
def test_shared_runner(shared_runner: asyncio.Runner, defect: str) -> None:
    shared_runner.run(call(defect))


@each
def test_own_loop(defect: str) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(call(defect))
    finally:
        loop.close()


@pytest.fixture
def set_up(request: pytest.FixtureRequest) -> None:
    asyncio.run(call(request.param))


@pytest.mark.parametrize("set_up", [*DEFECTS, GOOD], indirect=True)
def test_fixture(set_up: None) -> None:
    pass


@pytest.mark.parametrize("set_up_elsewhere", [*DEFECTS, GOOD], indirect=True)
def test_fixture_elsewhere(set_up_elsewhere: None) -> None:
    pass


@each
def test_anyio_run(defect: str) -> None:
    anyio.run(call, defect)


class TestUnittest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        await shop.work()

    async def test_blocking_sleep(self) -> None:
        await call("blocking.sleep")

    async def test_tasks_leaked(self) -> None:
        await call("tasks.leaked")

    async def test_requests_hang(self) -> None:
        await call("requests.hang")

    async def test_tasks_unseen_exception(self) -> None:
        await call("tasks.unseen-exception")

    async def test_database_lost_commit(self) -> None:
        await call("database.lost-commit")

    async def test_none(self) -> None:
        await call(GOOD)


# --- anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def wide(anyio_backend: str) -> AsyncIterator[None]:
    task = asyncio.create_task(asyncio.sleep(60))
    yield
    task.cancel()


@pytest.mark.anyio
@each
async def test_anyio(defect: str) -> None:
    await call(defect)


@pytest.mark.anyio
@each
async def test_anyio_with_wide_fixture(wide: None, defect: str) -> None:
    await call(defect)


@pytest.fixture
async def anyio_set_up(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    await call(request.param)
    yield
    await shop.work()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_set_up", [*DEFECTS, GOOD], indirect=True)
async def test_anyio_fixture(anyio_set_up: None) -> None:
    await shop.work()


# --- pytest-asyncio


@pytest.mark.asyncio(loop_scope="function")
@each
async def test_function_loop(defect: str) -> None:
    await call(defect)


@pytest.mark.asyncio(loop_scope="module")
@each
async def test_module_loop(defect: str) -> None:
    await call(defect)


@pytest.mark.asyncio(loop_scope="session")
@each
async def test_session_loop(defect: str) -> None:
    await call(defect)


@pytest_asyncio.fixture(loop_scope="function")
async def asyncio_set_up(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    await call(request.param)
    yield
    await shop.work()


@pytest.mark.parametrize("asyncio_set_up", [*DEFECTS, GOOD], indirect=True)
def test_asyncio_fixture(asyncio_set_up: None) -> None:
    pass


# --- Starlette's client


def post(client: TestClient, defect: str) -> None:
    assert client.post("/", params={"defect": defect}).status_code == 200


@each
def test_client(defect: str) -> None:
    post(TestClient(shop.app), defect)


@each
def test_open_client(defect: str) -> None:
    with TestClient(shop.app) as client:
        post(client, GOOD)
        post(client, defect)
        if defect != "requests.hang":
            post(client, GOOD)


@pytest.fixture(scope="module")
def shared_client() -> Iterator[TestClient]:
    with TestClient(shop.app) as client:
        yield client


@each
def test_shared_client(shared_client: TestClient, defect: str) -> None:
    post(shared_client, defect)


@each
def test_websocket(defect: str) -> None:
    with TestClient(shop.app).websocket_connect("/talk") as websocket:
        websocket.send_text(defect)
        assert websocket.receive_text() == "done"


@pytest.mark.asyncio(loop_scope="session")
@each
async def test_client_in_async_test(defect: str) -> None:
    post(TestClient(shop.app), defect)


# --- Nobody's business


def test_command_of_the_application() -> None:
    shop.command()


# --- An application that refuses to start


def test_refusing_application() -> None:
    with pytest.raises((SystemExit, CancelledError)), TestClient(shop.misconfigured):
        pass
