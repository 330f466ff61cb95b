"""Says on a terminal what somebody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Timer
from typing import Any

import pytest

#: Seconds that nobody minds.
PATIENCE_S = 1.0


@contextmanager
def saying(config: pytest.Config, what: str) -> Iterator[None]:
    """Say what the `with` block does, if that takes long. In a pipe and in CI, nobody waits."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if not getattr(reporter, "isatty", False):
        yield
        return

    def say() -> None:
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            reporter.write_line(what)

    timer = Timer(PATIENCE_S, say)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # The output of a test is not captured while it speaks.
        timer.join()
