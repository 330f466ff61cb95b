"""A plugin of pytest that measures the CPU time of the tests in its process, without the start.

With this folder in PYTHONPATH, `-p cpu_time --cpu-time=FILE` writes it there, in seconds.
"""

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-time", type=Path, required=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    began = time.process_time()
    try:
        return (yield)
    finally:
        path: Path = session.config.getoption("--cpu-time")
        path.write_text(str(time.process_time() - began), encoding="utf-8")
