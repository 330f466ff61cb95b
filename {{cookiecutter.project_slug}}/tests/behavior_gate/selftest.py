"""Shows that the gate bites: commits one defect for each detector, in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .core import Detector
    from .plugin import BehaviorGate


def run_selftests(plugin: BehaviorGate) -> Iterator[tuple[str, bool]]:
    """Yield each detector's name, and whether it found the defect that was planted for it."""
    for detector in plugin.detectors:
        yield detector.name, _is_caught(plugin, detector)


def _is_caught(plugin: BehaviorGate, detector: Detector) -> bool:
    findings = []
    with asyncio.Runner(debug=True) as runner:
        phase = plugin.begin(f"selftest::{detector.name}", "call")
        with contextlib.suppress(Exception):
            runner.run(detector.selftest())
        findings += plugin.end(phase)
        findings += plugin.end(plugin.begin(phase.nodeid, "teardown"))
    return any(finding.detector == detector.name for finding in findings)
