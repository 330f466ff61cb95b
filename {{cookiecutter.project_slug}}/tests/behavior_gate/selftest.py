"""Shows that the gate bites: commits a defect for each rule, in memory, on a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Literal

from .core import Finding, Phase, When
from .planted import PLANTS, Plant
from .rules import RULES, Rule

#: What hangs is stopped after as many seconds, in place of the setting.
TIMEOUT_S = 0.5

Verdict = Literal["caught", "MISSED", "not installed"]
Begin = Callable[[str, When], Phase]
End = Callable[[Phase], list[Finding]]


def run_selftests(begin: Begin, end: End) -> Iterator[tuple[Rule, Verdict]]:
    """Yield each rule, and what became of the defect that was planted for it."""
    for rule in RULES:
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
    if not is_installed:
        return "not installed"
    return "caught" if rule in {finding.rule for finding in findings} else "MISSED"
