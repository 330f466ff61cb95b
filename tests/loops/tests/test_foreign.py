"""Loops that the gate can't watch."""

import asyncio

import pytest
import trio
import uvloop
from starlette.testclient import TestClient

import shop


def test_uvloop_run() -> None:
    uvloop.run(shop.work())


def test_runner_with_uvloop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(shop.work())


def test_uvloop_by_hand() -> None:
    loop = uvloop.new_event_loop()
    loop.run_until_complete(shop.work())
    loop.close()


def test_client_on_uvloop() -> None:
    client = TestClient(shop.app, backend_options={"use_uvloop": True})
    assert client.post("/").status_code == 200


@pytest.fixture(params=[("asyncio", {"use_uvloop": True}), "trio"], ids=["uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.mark.anyio
async def test_anyio() -> None:
    pass


def test_trio_run() -> None:
    trio.run(trio.sleep, 0)


@pytest.mark.gate_allow("tasks.leaked", reason="nobody can tell whether it leaks")
def test_allowed_on_trio() -> None:
    trio.run(trio.sleep, 0)


class OwnLoop(asyncio.SelectorEventLoop):
    """Runs in a way of its own, as a loop that serves a window does."""

    def run_forever(self) -> None:
        asyncio._set_running_loop(self)
        try:
            while not self._stopping:
                self._run_once()
        finally:
            self._stopping = False
            asyncio._set_running_loop(None)


def test_own_loop() -> None:
    with asyncio.Runner(loop_factory=OwnLoop) as runner:
        runner.run(asyncio.sleep(0))


def test_application_on_uvloop() -> None:
    shop.command_on_uvloop()


def test_watched() -> None:
    asyncio.run(shop.work())
