"""The fixtures `interleavings` and `interruptions`.

They know nothing about the app, so they can be copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from . import hooks
from .generations import Generations
from .interleavings import Interleavings, Settings
from .interruptions import Interruptions
from .lines import Lines


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("exploration")
    group.addoption(
        "--schedule",
        metavar="NAME",
        help="run only the schedule of this name, as a report has named it: A3|B*|A or cancel@3",
    )
    group.addoption(
        "--explore",
        choices=("full", "short"),
        default="full" if os.environ.get("CI") else "short",
        help="stand before each statement, or only before those that write and before the COMMIT of"
        " such (default: full where CI is set, else short)",
    )


@pytest.fixture(scope="session")
def _exploration_lines(pytestconfig: pytest.Config) -> Lines:
    return Lines(pytestconfig.rootpath)


@pytest.fixture
def _exploration_generations() -> Iterator[Generations]:
    generations = Generations()
    # Until the end of the test: pools still hold connections that are of no use.
    with generations.watched():
        yield generations


@pytest.fixture
def _exploration_settings(request: pytest.FixtureRequest, _exploration_lines: Lines) -> Settings:
    config = request.config
    return Settings(
        nodeid=request.node.nodeid,
        lines=_exploration_lines,
        only=config.getoption("--schedule"),
        in_full=config.getoption("--explore") == "full",
        told=partial(_tell, config, request.node.nodeid),
    )


@pytest.fixture
def interleavings(
    databases: Any,
    isolation: Any,
    _exploration_generations: Generations,
    _exploration_settings: Settings,
) -> Interleavings:
    """Runs calls in every order of their statements: `await interleavings(call, other)`."""
    return Interleavings(databases, isolation, _exploration_generations, _exploration_settings)


@pytest.fixture
def interruptions(
    databases: Any,
    isolation: Any,
    _exploration_generations: Generations,
    _exploration_settings: Settings,
) -> Interruptions:
    """Interrupts a call wherever that can happen: `await interruptions(call)`."""
    return Interruptions(databases, isolation, _exploration_generations, _exploration_settings)


def _tell(config: pytest.Config, nodeid: str, schedule: str) -> None:
    config.hook.pytest_explored(nodeid=nodeid, schedule=schedule)
