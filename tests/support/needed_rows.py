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
BlockingDetector = detector.BlockingDetector

_excuse = detector.excuse
_judge: Callable[..., Any] = BlockingDetector._judge
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


def _try_without(self: Any, *arguments: Any) -> Any:
    if _trial.ignored is not None:
        # Coverage looks at files while a call is judged.
        return _judge(self, *arguments)
    _trial.fired = []
    caller = _judge(self, *arguments)
    if caller is not None:
        return caller
    for row in {*_trial.fired}:
        _trial.ignored = row
        if _judge(self, *arguments) is not None:
            _needed.add(row.path)
        _trial.ignored = None
    return None


detector.excuse = _note
BlockingDetector._judge = _try_without


def pytest_unconfigure() -> None:
    Path("needed.json").write_text(json.dumps(sorted(_needed)), encoding="utf-8")
