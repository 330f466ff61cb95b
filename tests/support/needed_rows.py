"""A plugin for pytest in a baked project: writes down which rows of `excused.py` are needed.

A row is needed where a call of good code would be a finding without it.
"""

import importlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

detector: Any = importlib.import_module("tests.behavior_gate.detectors.blocking.detector")
Gate, BlockingDetector = detector.Gate, detector.BlockingDetector

_excuse = detector.excuse
_report = Gate.report
_permits: Callable[..., bool] = BlockingDetector._permits
_needed: set[str] = set()


class _Trial(threading.local):
    """What a thread tries: to judge a call again as if there were not a certain row."""

    def __init__(self) -> None:
        self.ignored: Any = None
        self.fired: list[Any] = []


_trial = _Trial()


def _note(*arguments: Any) -> Any:
    row = _excuse(*arguments)
    if row is None or row is _trial.ignored:
        return None
    _trial.fired.append(row)
    return row


def _report_unless_tried(gate: Any, *arguments: Any, **options: Any) -> None:
    if _trial.ignored is None:
        _report(gate, *arguments, **options)


def _try_without(self: Any, *arguments: Any) -> bool:
    if _trial.ignored is not None:
        # Coverage looks at files while a call is judged.
        return _permits(self, *arguments)
    _trial.fired = []
    if not _permits(self, *arguments):
        return False
    for row in {*_trial.fired}:
        _trial.ignored = row
        if not _permits(self, *arguments):
            _needed.add(row.path)
        _trial.ignored = None
    return True


detector.excuse = _note
Gate.report = _report_unless_tried
BlockingDetector._permits = _try_without


def pytest_unconfigure() -> None:
    Path("needed.json").write_text(json.dumps(sorted(_needed)), encoding="utf-8")
