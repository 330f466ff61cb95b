"""Print what isolating a database test costs.

Run it by `uv run --directory tests python -m tools.benchmark_database`.

The milliseconds of one test that inserts, commits and selects, by each way to start from clean
tables, in a schema of one table and of twenty. All in turns, the least of several rounds.
`benchmark_tests` has what such a test costs through pytest.
"""

import subprocess
import tempfile
from pathlib import Path

from support.project import bake, uv_path

# Runs in the baked project, so that what is measured is what its tests use.
WAYS = """\
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import Column, ForeignKey, Integer, Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.database import Base
from app.users.models import User
from tests.isolation import SharedDatabase
from tests.postgres import open_databases

ROUNDS, TESTS = 20, 10

for n in range(1, int(sys.argv[1])):
    owner = Column("owner_id", ForeignKey(User.id), index=True)
    Table(f"things_{n}", Base.metadata, Column("id", Integer, primary_key=True), owner)


def create_tables(database_url: str) -> None:
    async def create() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()

    asyncio.run(create())


async def insert_and_select(session: AsyncSession) -> None:
    session.add(User(email="ada@example.com", password_hash="no hash"))
    await session.commit()
    assert await session.scalar(select(User.email)) == "ada@example.com"


async def main() -> None:
    async with open_databases(create_tables) as databases:
        ours = SharedDatabase(await databases.clone())
        other = create_async_engine(await databases.clone())
        tables = ", ".join(Base.metadata.tables)

        async def savepoints() -> None:
            async with ours.isolated() as isolation:
                await insert_and_select(isolation.test_session)

        async def truncate() -> None:
            async with AsyncSession(other) as session:
                await insert_and_select(session)
            async with other.begin() as connection:
                await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))

        async def drop_and_create() -> None:
            async with other.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)
            async with AsyncSession(other) as session:
                await insert_and_select(session)

        async def engine_per_test() -> None:
            engine = create_async_engine(other.url)
            async with engine.connect() as connection:
                transaction = await connection.begin()
                session = AsyncSession(connection, join_transaction_mode="create_savepoint")
                await insert_and_select(session)
                await session.close()
                await transaction.rollback()
            await engine.dispose()

        async def clone_per_test() -> None:
            url = await databases.clone()
            engine = create_async_engine(url)
            async with AsyncSession(engine) as session:
                await insert_and_select(session)
            await engine.dispose()
            await databases.drop(url)

        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "savepoints (these tests)": savepoints,
            "TRUNCATE of all tables": truncate,
            "an engine per test": engine_per_test,
            "drop_all and create_all": drop_and_create,
            "a cloned database per test": clone_per_test,
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                async with other.begin() as connection:
                    await connection.execute(text(f"TRUNCATE {tables} CASCADE"))
                await way()
                start = time.perf_counter()
                for _ in range(TESTS):
                    await way()
                taken[name].append((time.perf_counter() - start) / TESTS * 1000)
        await ours.dispose()
        await other.dispose()
    print(f"tables: {len(Base.metadata.tables)}")
    least = min(taken["savepoints (these tests)"])
    for name, times in taken.items():
        print(f"{name:28}{min(times):7.2f} ms {min(times) / least:6.1f}x")


asyncio.run(main())
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = bake(Path(folder))

        def run(*command: str, shown: bool = False) -> None:
            subprocess.run(
                command,
                cwd=project.path,
                env=project.environment | {"PYTHONPATH": "."},
                check=True,
                stdout=None if shown else subprocess.DEVNULL,
            )

        (project.path / "ways.py").write_text(WAYS, encoding="utf-8")
        run(uv_path(), "sync", "--quiet", "--frozen", "--compile-bytecode")
        for tables in ("1", "20"):
            run(uv_path(), "run", "--frozen", "ways.py", tables, shown=True)


if __name__ == "__main__":
    main()
