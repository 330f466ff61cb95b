"""The fixtures `interleavings` and `interruptions`. Knows nothing about the app, so it can be copied."""

from __future__ import annotations

import os
from typing import Any

import pytest

from .interleavings import Interleavings
from .interruptions import Interruptions
from .lines import Lines


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
        help="run all schedules, or few (default: full where CI is set, else short)",
    )


@pytest.fixture
def _limits_of_its_own(request: pytest.FixtureRequest) -> None:
    """The behavior gate, if it is there, takes a long exploration for a hang."""
    if any(line.startswith("gate_allow(") for line in request.config.getini("markers")):
        reason = "each schedule has a limit of its own"
        request.node.add_marker(pytest.mark.gate_allow("requests.hang", reason=reason))


@pytest.fixture
def interleavings(
    request: pytest.FixtureRequest, databases: Any, isolation: Any, pytestconfig: pytest.Config
) -> Interleavings:
    """Explores how calls may come between each other, statement by statement."""
    return Interleavings(
        databases,
        isolation,
        Lines(pytestconfig.rootpath),
        request.node.nodeid,
        only=pytestconfig.getoption("--schedule"),
        in_full=pytestconfig.getoption("--explore") == "full",
    )


@pytest.fixture
def interruptions(
    request: pytest.FixtureRequest,
    databases: Any,
    isolation: Any,
    pytestconfig: pytest.Config,
    _limits_of_its_own: None,
) -> Interruptions:
    """Interrupts a call wherever it waits, and wherever it needs its connection."""
    return Interruptions(
        databases,
        isolation,
        Lines(pytestconfig.rootpath),
        request.node.nodeid,
        only=pytestconfig.getoption("--schedule"),
        in_full=pytestconfig.getoption("--explore") == "full",
    )
