"""Print what a bake and the gate cost: `uv run --directory tests python -m tools.benchmark`.

Times a bake, with the lock that the hook makes: the median of several, with a warm cache. Then the
baked suite, and 300 tests of which half use the database and half the client, with the
gate on and off in turns. The figures are seconds from shell to prompt, the least of several runs.
"""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from support.project import TEMPLATE, uv_path

RUNS = 5
BAKE = (uv_path(), "tool", "run", "cookiecutter@2.7.1")
MANY = """\
import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User


@pytest.mark.parametrize("n", range(150))
async def test_database(session: AsyncSession, n: int) -> None:
    session.add(User(email=f"user{n}@example.com", password_hash="no hash"))
    await session.commit()
    assert await session.scalar(select(User.email)) == f"user{n}@example.com"


@pytest.mark.parametrize("n", range(150))
async def test_client(client: httpx.AsyncClient, n: int) -> None:
    response = await client.post(
        "/auth/register", json={"email": f"user{n}@example.com", "password": "correct horse"}
    )
    assert response.status_code == 201
"""
SUITES = {
    "the baked suite": ["--ignore=tests/test_many.py"],
    "300 tests": ["tests/test_many.py"],
}


def main() -> None:
    environment = {n: v for n, v in os.environ.items() if n not in {"VIRTUAL_ENV", "DATABASE_URL"}}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        bakes = []
        for n in range(RUNS):
            start = time.monotonic()
            subprocess.run(
                [*BAKE, str(TEMPLATE), "--no-input", "-o", f"{folder}/{n}"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            bakes.append(time.monotonic() - start)
        print(f"a bake: {statistics.median(bakes):.2f} s")
        project = Path(folder, "0", "my_backend")
        (project / "tests/test_many.py").write_text(MANY, encoding="utf-8")

        def run(*command: str) -> float:
            start = time.monotonic()
            subprocess.run(
                [uv_path(), *command],
                cwd=project,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            return time.monotonic() - start

        run("sync", "--frozen", "--compile-bytecode")
        for suite, arguments in SUITES.items():
            times: dict[str, list[float]] = {"off": [], "on": []}
            for _ in range(RUNS + 1):
                for gate, taken in times.items():
                    taken.append(run("run", "--frozen", "pytest", f"--gate={gate}", *arguments))
            # The first run writes the caches.
            off, on = (min(taken[1:]) for taken in times.values())
            print(f"{suite}: gate off {off:.2f} s, on {on:.2f} s, {on / off:.2f}x")


if __name__ == "__main__":
    main()
