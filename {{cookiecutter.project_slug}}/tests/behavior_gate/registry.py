"""The detectors, in the order in which they judge a phase. To add one, list its class here."""

from __future__ import annotations

from importlib.util import find_spec

from .core import Detector, Gate
from .detectors.blocking import BlockingDetector
from .detectors.database.detector import DatabaseDetector
from .detectors.requests import RequestsDetector
from .detectors.secrets.detector import SecretsDetector
from .detectors.slow import SlowDetector
from .detectors.tasks.detector import TasksDetector
from .detectors.warnings import WarningsDetector
from .versions import too_old

DETECTORS: tuple[type[Detector], ...] = (
    BlockingDetector,
    SlowDetector,
    TasksDetector,
    WarningsDetector,
    RequestsDetector,
    DatabaseDetector,
    SecretsDetector,
)


def detectors_of(gate: Gate) -> list[Detector]:
    """Make the detectors that have something to watch."""
    old = too_old()
    for text in old.values():
        gate.blind(text)
    return [
        cls(gate)
        for cls in DETECTORS
        if all(find_spec(name) and name not in old for name in cls.watches)
    ]
