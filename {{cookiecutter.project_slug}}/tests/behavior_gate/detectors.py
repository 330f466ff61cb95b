"""The detectors, in the order in which they judge a phase. To add one, list its class here."""

from __future__ import annotations

from importlib.util import find_spec

from .blocking import BlockingDetector
from .core import Detector
from .database import DatabaseDetector
from .requests import RequestsDetector
from .secrets import SecretsDetector
from .slow import SlowDetector
from .tasks import TasksDetector
from .warnings import WarningsDetector

DETECTORS: tuple[type[Detector], ...] = (
    BlockingDetector,
    SlowDetector,
    TasksDetector,
    WarningsDetector,
    RequestsDetector,
    DatabaseDetector,
    SecretsDetector,
)


def available() -> list[type[Detector]]:
    """The detectors whose libraries are installed."""
    return [cls for cls in DETECTORS if all(find_spec(module) for module in cls.requires)]
