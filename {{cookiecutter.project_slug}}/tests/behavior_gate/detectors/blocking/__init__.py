"""A call that blocks the thread of the event loop."""

from .detector import BlockingDetector

__all__ = ["BlockingDetector"]
