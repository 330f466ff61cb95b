"""Mistakes in the settings of pytest and coverage."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ...hangs import TIMEOUT
from ..problems import Check, Found, Suite
from ..settings import Filter, action_on, find_line
from ..sources import Place
from ..versions import release

_COROUTINE = "coroutine 'any' was never awaited"
#: Warnings that tell of a lost coroutine, error or resource.
_TELLING: tuple[tuple[type[Warning], str, str], ...] = (
    (RuntimeWarning, _COROUTINE, "coroutines that were never awaited"),
    (
        pytest.PytestUnraisableExceptionWarning,
        "Exception ignored in: any",
        "errors that nobody could raise",
    ),
    (
        pytest.PytestUnhandledThreadExceptionWarning,
        "Exception in thread Thread-1",
        "errors in threads",
    ),
    (ResourceWarning, "unclosed <any>", "files and connections that were not closed"),
)
_BLOCKED = {
    "unraisableexception": "errors in `__del__` and in dropped tasks",
    "threadexception": "errors in threads",
}
#: Files that coverage reads, and how the section with its settings begins in each.
_COVERAGE_FILES = {
    ".coveragerc": r"^\[run\]",
    ".coveragerc.toml": r"^\[run\]",
    "setup.cfg": r"^\[coverage:run\]",
    "tox.ini": r"^\[coverage:run\]",
    "pyproject.toml": r"^\[tool\.coverage\.run\]",
}


def telling_filter(suite: Suite, category: type[Warning]) -> Filter | None:
    """The filter that hides a kind of warnings as a whole."""
    message = next(text for kind, text, _ in _TELLING if kind is category)
    found = action_on(suite.filters, category, message)
    return found if found is not None and found.action == "ignore" else None


def ignored_warnings(suite: Suite) -> Found:
    """Find the filters that hide what a forgotten `await` or `close` leaves behind."""
    hidden: dict[tuple[str, Place | None], list[str]] = {}
    for category, _, lost in _TELLING:
        found = telling_filter(suite, category)
        if found is not None:
            hidden.setdefault((found.text, found.where), []).append(lost)
    for (text, where), kinds in hidden.items():
        yield where, f"the filter `{text}` hides {', '.join(kinds)}"


def plugin_off(suite: Suite) -> Found:
    """Find the plugins of pytest that are switched off and report what nobody could raise."""
    options = [option.replace("-p ", "-p") for option in suite.settings.options()]
    for name, lost in _BLOCKED.items():
        if f"no:{name}" in options or f"-pno:{name}" in options:
            where = suite.settings.place("addopts", f"no:{name}")
            yield where, f"`-p no:{name}` hides {lost}"


def coverage_greenlet(suite: Suite) -> Found:
    """Find a coverage that loses sight of what runs below SQLAlchemy's asyncio."""
    uses_asyncio = any(
        name.startswith(("sqlalchemy.ext.asyncio", "sqlmodel.ext.asyncio"))
        for source in suite.sources
        for name in source.imported.values()
    )
    if not uses_asyncio or not release("coverage") or not release("greenlet"):
        return
    given = suite.config.getoption("cov_config", None)
    where = _coverage_place(suite, given)
    measures = any(option.startswith("--cov") for option in suite.settings.options())
    if where is None and not measures:
        return
    import coverage

    try:
        measured = coverage.Coverage(data_file=None, config_file=given or True)
    except coverage.CoverageException:
        # It can't read its settings, and says so itself when it runs.
        return
    concurrency = measured.get_option("run:concurrency") or []
    if "greenlet" in str(concurrency) or _measures_by_events(measured):
        return
    where = where or suite.settings.place("addopts", "--cov")
    yield where, "coverage does not follow greenlets, in which SQLAlchemy's asyncio runs"


def no_timeout(suite: Suite) -> Found:
    """Find out whether a test that waits forever is ended by nobody."""
    option = suite.config.getoption("timeout", None)
    if option or suite.settings.get("timeout") or os.environ.get("PYTEST_TIMEOUT"):
        return
    if any(item.get_closest_marker("timeout") for item in suite.items):
        return
    if not suite.gate.options.get(TIMEOUT.name):
        yield (
            suite.settings.place(TIMEOUT.setting),
            f"no test has a timeout: {TIMEOUT.setting} is 0, and pytest-timeout has no limit",
        )


def two_auto_modes(suite: Suite) -> Found:
    """Find pytest-asyncio and anyio both told to run every async test."""
    plugins = suite.config.pluginmanager
    if not plugins.has_plugin("asyncio") or not plugins.has_plugin("anyio"):
        return
    modes = {
        name: str(suite.config.getoption(name, None) or suite.settings.get(name))
        for name in ("asyncio_mode", "anyio_mode")
    }
    if set(modes.values()) == {"auto"}:
        where = suite.settings.place("anyio_mode")
        yield where, "pytest-asyncio and anyio are both in auto mode, and one of them wins"


def _coverage_place(suite: Suite, given: object) -> Place | None:
    """The line of the settings of coverage, in the first file that has any."""
    files = dict(_COVERAGE_FILES)
    if isinstance(given, str) and Path(given).name not in files:
        files = {given: r"^\[(coverage:)?run\]"}
    for name, pattern in files.items():
        line = find_line(suite.config.rootpath / name, pattern)
        if line is not None:
            concurrency = find_line(suite.config.rootpath / name, r"^\s*concurrency\s*=")
            return Place(name, concurrency or line)
    return None


def _measures_by_events(measured: object) -> bool:
    """Whether it uses the events of Python 3.12, which know no greenlets and miss none."""
    get_option = getattr(measured, "get_option", None)
    try:
        core = os.environ.get("COVERAGE_CORE") or (get_option and get_option("run:core"))
    except Exception:  # An older version, without this setting.
        core = None
    by_default = sys.version_info >= (3, 14) and release("coverage") >= (7, 9, 1)
    return core == "sysmon" or (core is None and by_default)


CHECKS = (
    Check(
        "ignored-warnings",
        ignored_warnings,
        fix="remove the filter; where one place needs it, name the message as well:"
        " `ignore:coroutine 'Client.ping' was never awaited:RuntimeWarning`",
    ),
    Check("plugin-off", plugin_off, fix="remove this option"),
    Check(
        "coverage-greenlet",
        coverage_greenlet,
        fix='set `concurrency = ["greenlet", "thread"]` for the run of coverage (in an ini file:'
        " `concurrency = greenlet, thread`)",
    ),
    Check(
        "no-timeout",
        no_timeout,
        fix="remove `gate_timeout = 0`, or set `timeout = 60` of pytest-timeout",
    ),
    Check("two-auto-modes", two_auto_modes, fix="leave one of the two in strict mode"),
)
