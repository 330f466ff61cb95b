"""Shows that the gate bites: commits a defect for each rule, in memory, on a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from .core import Finding, Phase, When
from .planted import PLANTS, Plant
from .rules import RULES, Rule

#: What hangs is stopped after as many seconds, in place of the setting.
TIMEOUT_S = 0.5

Begin = Callable[[str, When], Phase]
End = Callable[[Phase], list[Finding]]


def run_selftests(begin: Begin, end: End) -> Iterator[tuple[Rule, bool]]:
    """Yield each rule, and whether the defect that was planted for it was found."""
    for rule in RULES:
        plant = PLANTS.get(rule)
        yield rule, plant is not None and rule in _run(rule, plant, begin, end)


def _run(rule: Rule, plant: Plant, begin: Begin, end: End) -> set[Rule]:
    with asyncio.Runner(debug=True) as runner:
        nodeid = f"selftest::{rule.id}"
        end(begin(nodeid, "setup"))
        phase = begin(nodeid, "call")
        with contextlib.suppress(Exception):
            runner.run(plant())
        findings = end(phase)
        findings += end(begin(nodeid, "teardown"))
        return {finding.rule for finding in findings}
