"""Shows that the gate bites: commits a defect for each rule, in memory, on a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from .core import Finding, Gate, Phase, When
from .hangs import TIMEOUT
from .modes import Modes
from .planted import PLANTS, Plant
from .rules import RULES, Rule

#: What hangs is stopped after as many seconds, in place of the setting.
TIMEOUT_S = 0.5

Verdict = Literal["caught", "MISSED", "not installed", "off"]
Begin = Callable[[str, When], Phase]
End = Callable[[Phase], list[Finding]]


def run_selftests(modes: Modes, begin: Begin, end: End) -> Iterator[tuple[Rule, Verdict]]:
    """Yield each rule, and what became of the defect that was planted for it."""
    for rule in RULES:
        if modes.of(rule) == "off":
            yield rule, "off"
        else:
            yield rule, _try(rule, PLANTS.get(rule), begin, end)


def _try(rule: Rule, plant: Plant | None, begin: Begin, end: End) -> Verdict:
    if plant is None:
        return "MISSED"
    nodeid = f"selftest::{rule.id}"
    with asyncio.Runner(debug=True) as runner:
        end(begin(nodeid, "setup"))
        phase = begin(nodeid, "call")
        is_installed = True
        try:
            runner.run(plant())
        except ModuleNotFoundError:
            # Without the library nobody can break the rule.
            is_installed = False
        except Exception:
            # Many defects raise. What counts is whether they were found.
            pass
        findings = end(phase)
        findings += end(begin(nodeid, "teardown"))
        # Some defects show only when the loop ends.
        phase = begin(nodeid, "teardown")
        runner.close()
        findings += end(phase)
    if not is_installed:
        return "not installed"
    return "caught" if rule in {finding.rule for finding in findings} else "MISSED"


class SelfTest:
    """Runs the self-test in the place of the tests."""

    def __init__(self, config: pytest.Config, gate: Gate, begin: Begin, end: End) -> None:
        self.config = config
        self.gate = gate
        self._begin = begin
        self._end = end

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        self.gate.options[TIMEOUT.name] = TIMEOUT_S
        self.gate.modes = self.gate.modes.at_full_strength()
        for rule, verdict in run_selftests(self.gate.modes, self._begin, self._end):
            session.testscollected += 1
            session.testsfailed += verdict == "MISSED"
            if terminal is not None:
                colours = {"red": verdict == "MISSED", "green": verdict == "caught"}
                terminal.write_line(f"{rule.id:<28} {verdict}", **colours)
        session.testsfailed += len(self.gate.blind_spots)
        return True
