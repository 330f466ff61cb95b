"""Records what the page shows: in the process that runs a test, carried by the test's report."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from ..core import Finding, Gate, real_time
from ..where import stack
from .collected import COLLECTED, SECRETS
from .database_times import DatabaseTimes
from .loop_times import Frame, LoopTimes, lines_of_user
from .rows import SLOWEST, Chosen, Data, details_of, key_of, totals_of


class Recorder:
    """Has the report of each test carry its times, and the stacks of its findings."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.loops = LoopTimes(gate)
        self._database = DatabaseTimes(gate, self.loops)
        self._slowest = Chosen(SLOWEST)
        self._began = 0.0
        self._phases: list[tuple[str, float]] = []
        self._found: list[Data] = []
        self._is_bad = False
        self._stacks: dict[Finding, tuple[Frame, ...]] = {}
        #: Not part of a report, which other plugins may write to a file.
        self._secrets: set[str] = set()

    def install(self) -> None:
        """Patch what is recorded. Before the detectors, so that theirs is not in between."""
        self.loops.install()
        self._database.install()
        self.gate.witness = self._witness

    def uninstall(self) -> None:
        self.gate.witness = None
        self._database.uninstall()
        self.loops.uninstall()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, None, None]:
        self.loops.take()
        self._database.take()
        self._began = real_time()
        self._phases, self._found, self._is_bad = [], [], False
        self._stacks.clear()
        yield

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._phases.append((call.when, real_time()))
        found: list[Data] = getattr(report, "behavior_gate", [])
        self._found += found
        self._is_bad = self._is_bad or report.failed or bool(found)
        if call.when == "teardown":
            # Of JSON types, which pytest-xdist carries to the controller.
            report.behavior_gate_times = self._tell()  # type: ignore[attr-defined]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        config: Any = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[SECRETS] = sorted(self._secrets)
        else:
            config.pluginmanager.get_plugin(COLLECTED).secrets |= self._secrets

    def _tell(self) -> Data:
        ended = real_time()
        loops, traffic = self.loops.take(), self._database.take()
        data = totals_of(self._began, ended, loops, traffic)
        if self._is_bad or self._slowest.offer(ended - self._began, None):
            details = details_of(self._began, self._phases, loops, traffic)
            data["details"] = details | {"holds": data["holds"]}
        self._secrets |= traffic.secrets
        if self._found:
            data["stacks"] = [[key, stack] for key, stack in self._stacks_of(data["holds"])]
        return data

    def _stacks_of(self, holds: list[list[Any]]) -> Iterator[tuple[str, list[list[Any]]]]:
        """The stacks of the findings: where it was found, or else of a hold with its line."""
        known = {key_of(_data_of(one)): frames for one, frames in self._stacks.items()}
        for data in self._found:
            key = key_of(data)
            if key in known:
                yield key, [list(frame) for frame in known[key]]
                continue
            for *_, frames in holds:
                if any(frame[:2] == [data["path"], data["line"]] for frame in frames):
                    yield key, frames
                    break

    def _witness(self, finding: Finding) -> None:
        """Keep the stack on which a finding was made, if its line is on it."""
        where = finding.where
        if where is None:
            return
        frames = lines_of_user(self.gate, stack(sys._getframe(2)))
        lines = [frame[:2] for frame in frames]
        if (where.path, where.line) in lines:
            self._stacks[finding] = frames[lines.index((where.path, where.line)) :]


def _data_of(finding: Finding) -> Data:
    where = finding.where
    return {
        "rule": finding.rule.id,
        "path": where and where.path,
        "line": where and where.line,
    }
