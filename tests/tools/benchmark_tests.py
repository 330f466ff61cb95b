"""Print what a database test of a baked project costs, perhaps beside what it cost before.

Run it by `uv run --directory tests python -m tools.benchmark_tests [--against REVISION]`.

First the round trips of a test to the database, which are exact. Then the milliseconds of CPU time
of a test that inserts, commits and selects, with the gate and without: in the process of pytest,
without its start. Then whole runs of such tests, in one process and in two workers: seconds, and
seconds of CPU time of all processes, the server included. All in turns, there and back, the least
of several rounds. CPU time says more than seconds where others use the machine.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from support.costs import PLUGINS, round_trips
from support.project import TEMPLATE, Project, bake

PR_SET_CHILD_SUBREAPER = 36

MANY = """\
import os

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User


@pytest.mark.parametrize("n", range(int(os.environ["TESTS"])))
async def test_database(session: AsyncSession, n: int) -> None:
    session.add(User(email=f"user{n}@example.com", password_hash="no hash"))
    await session.commit()
    assert await session.scalar(select(User.email)) == f"user{n}@example.com"
"""


@dataclass
class Measured:
    """A baked project, and the least that each kind of run has taken."""

    name: str
    project: Project
    least: dict[str, float] = field(default_factory=lambda: defaultdict(lambda: float("inf")))

    def note(self, name: str, value: float) -> None:
        self.least[name] = min(self.least[name], value)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--against", metavar="REVISION", help="a commit of the template, as before")
    parser.add_argument("--tests", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    # What the server leaves behind comes to this process, so that its CPU time counts.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        measured = [Measured("now", make(TEMPLATE, Path(folder, "now")))]
        if options.against:
            before = Path(folder, "template")
            git = ["git", "-C", str(TEMPLATE), "worktree"]
            subprocess.run([*git, "add", "-q", "--detach", before, options.against], check=True)
            try:
                old = make(before, Path(folder, "before"))
            finally:
                subprocess.run([*git, "remove", "--force", before], check=True)
            measured.insert(0, Measured("before", old))
        for one in measured:
            for name, count in round_trips(one.project).items():
                one.note(f"round trips, {name}", count)
        for n in range(options.rounds):
            there_and_back = [*measured, *reversed(measured)]
            for one in there_and_back if n % 2 == 0 else reversed(there_and_back):
                measure(one, options.tests)
    for one in measured:
        least = one.least
        least["ms of CPU a test, the gate"] = (
            least["ms of CPU a test, --gate=on"] - least["ms of CPU a test, --gate=off"]
        )
        least["-n 2: times as fast"] = least["-n0: seconds"] / least["-n2: seconds"]
        # Two cores that are never idle.
        least["-n 2: times as fast, at most"] = 2 * least["-n0: CPU"] / least["-n2: CPU"]
    print(f"{options.tests} tests{'':29}", *(f"{one.name:>8}" for one in measured))
    for name in measured[0].least:
        print(f"{name:40}", *(f"{one.least[name]:8.2f}" for one in measured))


def make(template: Path, folder: Path) -> Project:
    project = bake(folder, template)
    project.succeed("sync", "--quiet", "--frozen", "--compile-bytecode")
    (project.path / "tests/test_many.py").write_text(MANY, encoding="utf-8")
    return project


def measure(one: Measured, tests: int) -> None:
    """Run the tests once in each way."""
    for gate in ("--gate=on", "--gate=off"):
        report = one.project.path / "cpu_time"
        run(one.project, tests, gate, "-p", "cpu_time", f"--cpu-time={report}")
        one.note(f"ms of CPU a test, {gate}", float(report.read_text()) / tests * 1000)
    for workers in ("-n0", "-n2", "-n2", "-n0"):
        seconds, cpu = run(one.project, tests, workers)
        one.note(f"{workers}: seconds", seconds)
        one.note(f"{workers}: CPU", cpu)


def run(project: Project, tests: int, *options: str) -> tuple[float, float]:
    """Run the tests, and return the seconds and the CPU time that all processes took."""
    before, began = cpu_of_children(), time.monotonic()
    project.succeed(
        *("run", "--frozen", "pytest", "tests/test_many.py", *options),
        TESTS=str(tests),
        PYTHONPATH=PLUGINS,
    )
    seconds = time.monotonic() - began
    # The server ends a moment later.
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return seconds, cpu_of_children() - before


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
