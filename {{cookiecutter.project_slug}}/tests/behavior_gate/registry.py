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
    """Make the detectors that have something to watch, and the libraries that they need."""
    detectors = []
    for cls in DETECTORS:
        if not all(find_spec(name) for name in cls.watches):
            continue
        missing = [name for name in cls.requires if not find_spec(name)]
        if missing:
            names = " and ".join(missing)
            gate.blind(f"{names} is not installed, so that the gate can't watch {cls.name}")
        else:
            detectors.append(cls(gate))
    return detectors
