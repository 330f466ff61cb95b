"""The fixture `interleavings`. Knows nothing about the app, so it can be copied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from . import hooks
from .generations import Generations
from .interleavings import Interleavings, Settings
from .lines import Lines


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("exploration")
    group.addoption(
        "--schedule",
        metavar="NAME",
        help="run only the schedule of this name, as a report has named it: A3|B*|A",
    )
    group.addoption(
        "--explore",
        choices=("full", "short"),
        default="full" if os.environ.get("CI") else "short",
        help="stand before each statement, or only before those that write and before the COMMIT of"
        " such (default: full where CI is set, else short)",
    )


@pytest.fixture(scope="session")
def _lines(pytestconfig: pytest.Config) -> Lines:
    return Lines(pytestconfig.rootpath)


@pytest.fixture
def _generations() -> Iterator[Generations]:
    generations = Generations()
    # Until the end of the test: pools still hold connections that are of no use.
    with generations.watched():
        yield generations


@pytest.fixture
def interleavings(
    request: pytest.FixtureRequest,
    databases: Any,
    isolation: Any,
    _generations: Generations,
    _lines: Lines,
) -> Interleavings:
    """Runs calls in every order of their statements: `await interleavings(call, other)`."""
    config = request.config
    settings = Settings(
        nodeid=request.node.nodeid,
        lines=_lines,
        only=config.getoption("--schedule"),
        in_full=config.getoption("--explore") == "full",
        told=partial(_tell, config, request.node.nodeid),
    )
    return Interleavings(databases, isolation, _generations, settings)


def _tell(config: pytest.Config, nodeid: str, schedule: str) -> None:
    config.hook.pytest_explored(nodeid=nodeid, schedule=schedule)
