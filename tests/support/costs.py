"""Tests of a baked project that use the database, and what they cost."""

import json
from pathlib import Path

from support.project import Project

PLUGINS = str(Path(__file__).parent)

TESTS = """\
import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

EMAIL = "ada@example.com"

# The first of each prepares the statements, and connects.
twice = pytest.mark.parametrize("time", ["first", "then"])


def user() -> User:
    return User(email=EMAIL, password_hash="no hash")


@twice
async def test_nothing(session: AsyncSession, time: str) -> None:
    assert session.is_active


@twice
async def test_read(session: AsyncSession, time: str) -> None:
    assert await session.scalar(select(User.email)) is None


@twice
async def test_write(session: AsyncSession, time: str) -> None:
    session.add(user())
    await session.commit()


@twice
async def test_write_and_read(session: AsyncSession, time: str) -> None:
    session.add(user())
    await session.commit()
    assert await session.scalar(select(User.email)) == EMAIL


@twice
async def test_roll_back(session: AsyncSession, time: str) -> None:
    session.add(user())
    await session.flush()
    await session.rollback()
    assert await session.scalar(select(User.email)) is None


@twice
async def test_failed_read(session: AsyncSession, time: str) -> None:
    session.add(user())
    await session.commit()
    with pytest.raises(ProgrammingError):
        await session.execute(text("SELECT missing FROM users"))
    await session.rollback()
    assert await session.scalar(select(User.email)) == EMAIL


@twice
async def test_request(client: httpx.AsyncClient, time: str) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 200


@twice
async def test_registration(client: httpx.AsyncClient, time: str) -> None:
    response = await client.post("/auth/register", json={"email": EMAIL, "password": "old horse"})
    assert response.status_code == 201
"""


def round_trips(project: Project, tests: str = "test") -> dict[str, int]:
    """Run the tests, and return the round trips of each that is not the first of its kind."""
    report = project.path / "round_trips.json"
    (project.path / "tests/test_costs.py").write_text(TESTS, encoding="utf-8")
    project.succeed(
        *("run", "--frozen", "pytest", "-p", "no:randomly", "-p", "round_trips"),
        *(f"--round-trips={report}", "tests/test_costs.py", "-k", tests),
        PYTHONPATH=PLUGINS,
    )
    found: dict[str, int] = json.loads(report.read_text(encoding="utf-8"))
    suffix = "[then]"
    return {
        name.removesuffix(suffix): count for name, count in found.items() if name.endswith(suffix)
    }
