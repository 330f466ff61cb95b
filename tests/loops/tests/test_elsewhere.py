"""Requests that fail in another thread, or while no test runs."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from shop import failing


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(failing, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_its_answer_came_before_its_error(server: str) -> None:
    httpx.get(f"{server}/late/")


def test_its_status_is_asserted_before_its_error(server: str) -> None:
    assert httpx.get(f"{server}/late/").status_code == 500


def test_next(server: str) -> None:
    pass


def test_its_work_goes_on(server: str) -> None:
    httpx.get(f"{server}/after/")


@pytest.mark.gate_allow("requests.late-error", reason="it says that it does")
def test_its_work_goes_on_and_may_fail(server: str) -> None:
    httpx.get(f"{server}/after/")


def test_the_work_of_others_fails_in_it(server: str) -> None:
    time.sleep(0.4)
    assert httpx.get(server).status_code == 500


class Between:
    """Has a request fail when a phase of the test has ended, and the next has not begun."""

    def __init__(self, phase: str) -> None:
        self.phase = phase

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == self.phase:
            self.phase = ""
            TestClient(failing, raise_server_exceptions=False).get("/")


def test_fails_between_its_phases(pytestconfig: pytest.Config) -> None:
    pytestconfig.pluginmanager.register(Between("call"))


@pytest.mark.gate_allow("requests.5xx", reason="it says that it does")
def test_allowed_between_its_phases(pytestconfig: pytest.Config) -> None:
    pytestconfig.pluginmanager.register(Between("call"))


def test_fails_after_its_end(pytestconfig: pytest.Config) -> None:
    pytestconfig.pluginmanager.register(Between("teardown"))
