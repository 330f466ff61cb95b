"""A callback that holds the event loop."""

from .detector import SlowDetector

__all__ = ["SlowDetector"]
