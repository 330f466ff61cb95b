"""Do several processes of the baked project get along, on one database?"""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from support.project import Project
from test_baked_suite import load_embedded

PROCESSES = 4
ROUNDS = 20

# In each round, all its processes run the command on one new database.
UPGRADES = """
import contextlib, io, multiprocessing, os, sys
from alembic.config import main

def upgrade(barrier, failures):
    for number, url in enumerate(sys.argv[2:]):
        os.environ["DATABASE_URL"] = url
        barrier.wait(60)
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                main(["upgrade", "head"])
            except (Exception, SystemExit) as error:
                failures.put(f"round {number}: {error!r}")

fork = multiprocessing.get_context("fork")
barrier, failures = fork.Barrier(int(sys.argv[1])), fork.SimpleQueue()
processes = [
    fork.Process(target=upgrade, args=(barrier, failures)) for _ in range(int(sys.argv[1]))
]
for process in processes:
    process.start()
for process in processes:
    process.join()
while not failures.empty():
    print(failures.get())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """An embedded PostgreSQL."""
    with load_embedded().running_server() as server:
        yield server


def execute(server: Any, *statements: str, database: str = "postgres") -> list[Any]:
    """Run statements, each in its own transaction, and return the values of the last one."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(
            host=str(server.directory), user="postgres", database=database
        )
        try:
            for statement in statements:
                rows = await connection.fetch(statement)
        finally:
            await connection.close()
        return [row[0] for row in rows]

    return asyncio.run(run())


def test_processes_that_migrate_at_once_all_succeed(installed: Project, server: Any) -> None:
    names = [f"round_{number}" for number in range(ROUNDS)]
    execute(server, *(f"CREATE DATABASE {name}" for name in names))

    urls = [server.url(name) for name in names]
    failures = installed.succeed("run", "--frozen", "python", "-c", UPGRADES, str(PROCESSES), *urls)

    assert failures == ""
    assert execute(server, "SELECT count(*) FROM alembic_version", database=names[-1]) == [1]
