"""Print what an exploration costs, and whether it comes to the same each time.

Run it by `uv run --directory tests python -m tools.benchmark_races [TIMES]`.

Two requests of eight statements each, which wait for each other's locks, run in all schedules: the
seconds of the fastest and of the median of several. Then the same again, fifty times if not said
otherwise, while other processes keep all cores busy: the outcomes, statements and waits of each
schedule have to be the same each time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.project import NOT_OURS, bake, uv_path

QUIET = 7
APP = '''\
"""Transfers, each in eight statements."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Entry(Base):
    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    amount: Mapped[int]


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> int:
    await session.scalar(select(func.count()).select_from(Account))
    locked = {
        number: await session.get_one(Account, number, with_for_update=True)
        for number in sorted((source, target))
    }
    for number, change in ((source, -amount), (target, amount)):
        locked[number].balance += change
        session.add(Entry(account_id=number, amount=change))
        await session.flush()
    await session.commit()
    return locked[source].balance
'''
TEST = """\
import json
import os
import time
from pathlib import Path

import pytest

from app.transfers import Account, Base, router


@pytest.mark.parametrize("nth", range(int(os.environ["TIMES"])))
async def test_transfers(app, session, interleavings, concurrent_client, nth):
    app.include_router(router)
    await (await session.connection()).run_sync(Base.metadata.create_all)
    session.add_all([Account(id=1, balance=100), Account(id=2, balance=100)])
    await session.commit()

    def transfer(source, target):
        body = {"source": source, "target": target, "amount": source}
        return lambda: concurrent_client.post("/transfers", params=body)

    start = time.perf_counter()
    explored = await interleavings(transfer(1, 2), transfer(2, 1))
    seconds = time.perf_counter() - start
    seen = [
        (
            run.name,
            run.outcomes,
            [(one.letter, one.number, one.text, one.where) for one in run.statements],
            [(wait.letter, wait.others) for wait in run.waits],
        )
        for run in explored.schedules
    ]
    with Path("seen.txt").open("a", encoding="utf-8") as file:
        print(json.dumps([seconds, seen]), file=file)
"""
BUSY = "while True: pass"


def explore(project: Path, times: int) -> list[tuple[float, list[list[object]]]]:
    """Return the seconds of each exploration, and what it has seen."""
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    seen = project / "seen.txt"
    seen.unlink(missing_ok=True)
    done = subprocess.run(
        (uv_path(), "run", "--frozen", "pytest", "tests/test_transfers.py", "--explore=full"),
        cwd=project,
        env=ours | {"TIMES": str(times)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, done.stderr, sep="")
    return [json.loads(line) for line in seen.read_text(encoding="utf-8").splitlines()]


@contextmanager
def busy_cores() -> Iterator[None]:
    processes = [subprocess.Popen((sys.executable, "-c", BUSY)) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        project = bake(Path(folder)).path
        (project / "app/transfers.py").write_text(APP, encoding="utf-8")
        (project / "tests/test_transfers.py").write_text(TEST, encoding="utf-8")
        quiet = [seconds for seconds, _ in explore(project, QUIET)]
        with busy_cores():
            busy = explore(project, times)
    schedules = busy[0][1]
    kinds = {json.dumps(seen) for _, seen in busy}
    print(f"{len(schedules)} schedules and 4 serial runs of two requests:")
    print(f"{min(quiet):.2f} s the fastest of {QUIET}, {statistics.median(quiet):.2f} s the median")
    print(f"{statistics.median(seconds for seconds, _ in busy):.2f} s the median on busy cores")
    same = "the same result each time" if len(kinds) == 1 else f"{len(kinds)} different results"
    print(f"{times} times on busy cores: {same}")
    if len(kinds) > 1:
        for n, name in enumerate(run[0] for run in schedules):
            if len({json.dumps(seen[n]) for _, seen in busy}) > 1:
                print(f"  {name} differs")


if __name__ == "__main__":
    main()
