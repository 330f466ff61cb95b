"""A plugin of pytest that runs the planted tests in forks, and writes which of them failed.

The tests before them run in this process, so that what an app does once has been done. A fork goes
on until a test fails. One that is silent for the limit is killed: its test never ends, and has not
failed. With `--alone=2` each test has two forks of its own, and has failed if it does in both. With
`--together` nothing forks.
"""

import gc
import json
import os
import select
import signal
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

LIMIT_S = 10
PLANTED = "tests/traps/"
PASSED = b"."

failed: set[str] = set()
hung: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--alone", type=int, default=0)
    parser.addoption("--together", action="store_true")
    parser.addoption("--outcomes")


def pytest_configure(config: pytest.Config) -> None:
    # Where the gate is not, some good code still has its marker.
    config.addinivalue_line("markers", "gate_allow: has no effect")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What is lost in a cycle is destroyed in its own test, and not by chance in a later one."""
    yield
    gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.config.getoption("together"):
        return None
    planted = [item for item in session.items if item.nodeid.startswith(PLANTED)]
    # All fixtures end here, and a fork sets up its own.
    for item, following in pairwise([*(i for i in session.items if i not in planted), None]):
        assert item
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    # What is here already is no business of a fork's garbage collector.
    gc.collect()
    gc.freeze()
    times = session.config.getoption("alone")
    while planted:
        tests = planted[:1] if times else planted
        (count, end), *others = (run_in_fork(tests) for _ in range(times or 1))
        if end != "passed" and all(other == (count, end) for other in others):
            {"failed": failed, "hung": hung}[end].add(planted[count - 1].nodeid)
        del planted[:count]
    return True


def run_in_fork(items: list[pytest.Item]) -> tuple[int, str]:
    """Run tests until one fails or hangs. Return how many have run, and how the last one ended."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # The fork needs none of the threads of this process.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.setsid()
        # As before one more test, the fixtures of the session stay: no test is to blame for them.
        for item, following in pairwise([*items, items[0].session.items[0]]):
            reports = runtestprotocol(item, log=False, nextitem=following)
            if any(report.failed for report in reports):
                break
            os.write(write, PASSED)
        os._exit(0)
    os.close(write)
    count, end = 0, "passed"
    while end == "passed" and count < len(items):
        count += 1
        ready, _, _ = select.select([read], [], [], LIMIT_S)
        if not ready:
            end = "hung"
        elif os.read(read, 1) != PASSED:
            # The end of the pipe: the test has failed, or has killed the process.
            end = "failed"
    os.close(read)
    # The processes that a test has left as well.
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return count, end


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and report.nodeid.startswith(PLANTED):
        failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    outcomes = {"failed": sorted(failed), "hung": sorted(hung)}
    path = Path(session.config.getoption("outcomes"))
    path.write_text(json.dumps(outcomes), encoding="utf-8")
