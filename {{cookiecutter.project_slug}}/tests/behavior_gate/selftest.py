"""Shows that the gate bites: commits a defect for each rule, in memory, on a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from .core import Finding, Phase, When
from .planted import PLANTS, Plant
from .rules import Rule

Begin = Callable[[str, When], Phase]
End = Callable[[Phase], list[Finding]]


def run_selftests(begin: Begin, end: End) -> Iterator[tuple[Rule, bool]]:
    """Yield each rule, and whether the defect that was planted for it was found."""
    for rule, plant in PLANTS.items():
        yield rule, rule in {finding.rule for finding in _run(rule, plant, begin, end)}


def _run(rule: Rule, plant: Plant, begin: Begin, end: End) -> list[Finding]:
    with asyncio.Runner(debug=True) as runner:
        phase = begin(f"selftest::{rule.id}", "call")
        with contextlib.suppress(Exception):
            runner.run(plant())
        findings = end(phase)
        return findings + end(begin(phase.nodeid, "teardown"))
