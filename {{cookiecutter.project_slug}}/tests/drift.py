"""Starts the drift check while other tests run: it spends most of its time on imports."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.databases import only_given_server

Process = subprocess.Popen[str]
STARTED = pytest.StashKey[Process]()


def start_check() -> Process:
    # In a separate process, which has not imported what the tests have.
    with only_given_server():
        return subprocess.Popen(
            [sys.executable, "-m", "tests.drift_check"],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    # Each worker of pytest-xdist has collected all tests, and one of them runs this one.
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    if any("drift_check" in getattr(item, "fixturenames", ()) for item in session.items):
        config.stash[STARTED] = start_check()


def pytest_unconfigure(config: pytest.Config) -> None:
    if STARTED in config.stash:
        end(config.stash[STARTED])


@pytest.fixture
def drift_check(pytestconfig: pytest.Config) -> Iterator[Process]:
    """The process of `drift_check.py`, which waits for the URL of a database."""
    process = pytestconfig.stash.get(STARTED, None) or start_check()
    yield process
    end(process)


def end(process: Process) -> None:
    process.kill()
    with process:
        """Its pipes are closed."""
