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
from .versions import too_old_to_watch

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
    chosen = []
    for cls in DETECTORS:
        old = [text for text in map(too_old_to_watch, cls.watches) if text]
        if old:
            gate.blind(f"{old[0]}, so that the gate can't watch {cls.name}")
        elif all(find_spec(name) for name in cls.watches):
            chosen.append(cls(gate))
    return chosen
