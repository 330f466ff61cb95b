"""The run of pytest in which the doctor looks at the suite: it collects, and runs only plants."""

from __future__ import annotations

import atexit
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ..core import Gate
from ..prose import show
from ..summary import Summary
from . import report
from .diagnosis import Diagnosis, examine
from .probes import Probes
from .problems import Suite
from .sources import read_sources

_NAME = "behavior gate doctor"
#: Plugins that write a file or judge the run, by the names that they are registered under.
_WRITERS = ("cacheprovider", "stepwise", "_cov")
#: Options of plugins, and what makes the run of the doctor one process that writes no file.
_SETTINGS: dict[str, Any] = {
    "gate": "on",
    "gate_report": None,
    "gate_code_quality": None,
    "gate_baseline": None,
    "xmlpath": None,
    "log_file": os.devnull,
    "htmlpath": None,
    "report_log": None,
    "json_report_file": "none",
    "allure_report_dir": None,
    "dist": "no",
    "tx": [],
    "numprocesses": None,
    "reruns": 0,
    "usepdb": False,
    "trace": False,
    "collectonly": False,
    "maxfail": 0,
}


def run(config: pytest.Config, *, as_json: bool) -> int | None:
    """Examine the suite in a run of pytest, and print what was found. None within that run.

    Raises:
        pytest.UsageError: another option asks for something else.
    """
    if config.pluginmanager.has_plugin(_NAME):
        return None
    for name in ("gate_selftest", "gate_explain"):
        if config.getoption(name, None):
            raise pytest.UsageError(f"--gate-doctor and --{name.replace('_', '-')}: choose one")
    doctor = Doctor(config)
    for name in _WRITERS:
        config.pluginmanager.set_blocked(name)
    for name, value in _SETTINGS.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with _silenced(config) as said:
            config.pluginmanager.register(doctor, _NAME)
            code = int(config.hook.pytest_cmdline_main(config=config))
    finally:
        sys.dont_write_bytecode = kept
        atexit.register(_hush)
    if doctor.diagnosis is None:
        sys.stderr.write(said())
        return code or int(pytest.ExitCode.INTERNAL_ERROR)
    render = report.as_json if as_json else report.as_text
    show(render(doctor.diagnosis))
    return int(doctor.diagnosis.count > 0)


class Doctor:
    """Has the plants run in the place of the tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.diagnosis: Diagnosis | None = None
        self._was_off = config.getoption("gate", "on") == "off"
        self._probes: Probes | None = None
        self._failed: list[pytest.CollectReport] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._failed.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gate: Gate = self.config.pluginmanager.get_plugin("behavior gate").gate  # type: ignore[union-attr]
        for plugin in self.config.pluginmanager.get_plugins():
            # It would write what was planted into files of the suite.
            if isinstance(plugin, Summary):
                self.config.pluginmanager.unregister(plugin)
        probes = self._probes = Probes(gate)
        sources = read_sources(gate, session.items)
        try:
            ways = probes.run(session.items, sources, self._run)
        finally:
            probes.remove()
        suite = Suite(self.config, gate, session.items, sources, ways)
        self.diagnosis = examine(suite, self._failed, was_off=self._was_off)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._probes is not None:
            self._probes.note(report)

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        self.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _hush() -> None:
    """Have Python say nothing of what the plants have left behind, which it may find at its end."""
    sys.unraisablehook = lambda _: None
    logging.disable()


@contextmanager
def _silenced(config: pytest.Config) -> Iterator[Callable[[], str]]:
    """Let nobody print to stdout or ask on stdin, and tell what pytest would have printed."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    said, out, given = io.StringIO(), sys.stdout, sys.stdin
    if capture is not None:
        # What modules have printed while they were loaded.
        capture.read_global_capture()
        capture.stop_global_capturing()
    sys.stdout.flush()
    kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    sys.stdout = said
    with open(os.devnull, encoding="utf-8") as nothing:
        sys.stdin = nothing
        try:
            if capture is not None:
                # From here on it takes this for the terminal.
                capture.start_global_capturing()
                capture.suspend_global_capture()
            yield said.getvalue
        finally:
            if capture is not None:
                capture.stop_global_capturing()
            sys.stdout, sys.stdin = out, given
            os.dup2(kept, 1)
            os.close(kept)
            os.close(null)
