"""A plugin of pytest that counts the round trips of each test to its database.

With this folder in PYTHONPATH, `-p round_trips --round-trips=FILE` writes them to a JSON file, by
the name of the test: those of its fixtures included, in the thread of the tests.
"""

import json
import threading
from asyncio import selector_events
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

WAITS_FOR_AN_ANSWER = b"QSH"
"""The messages Query, Sync and Flush, after each of which asyncpg waits."""

counts: Counter[str] = Counter()
running = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--round-trips", type=Path, required=True)


def pytest_configure() -> None:
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write = transport.write

    def counted(self: Any, data: bytes) -> None:
        of_tests = threading.current_thread() is threading.main_thread()
        if of_tests and isinstance(self.get_protocol(), asyncpg.protocol.Protocol):
            counts[running] += sum(kind in WAITS_FOR_AN_ANSWER for kind in kinds(bytes(data)))
        write(self, data)

    transport.write = counted


def kinds(messages: bytes) -> Iterator[int]:
    """Yield the type of each message of PostgreSQL's protocol."""
    start = 0
    while start < len(messages):
        yield messages[start]
        start += 1 + int.from_bytes(messages[start + 1 : start + 5], "big")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    global running
    running = item.name
    counts[running] = 0
    try:
        return (yield)
    finally:
        running = ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path = session.config.getoption("--round-trips")
    path.write_text(json.dumps(counts), encoding="utf-8")
