"""How many round trips does a test of a baked project take to the database? Exactly as many."""

import json
from pathlib import Path

import pytest
from support.project import Project

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
        PYTHONPATH=str(Path(__file__).parent / "support"),
    )
    found: dict[str, int] = json.loads(report.read_text(encoding="utf-8"))
    suffix = "[then]"
    return {
        name.removesuffix(suffix): count for name, count in found.items() if name.endswith(suffix)
    }


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


def test_a_test_takes_two_round_trips_besides_its_own_statements(project: Project) -> None:
    # One begins, takes back what a rollback leaves, and sets the savepoint. One rolls back.
    assert round_trips(project) == {
        "test_nothing": 2,
        "test_read": 2 + 1,
        "test_write": 2 + 1,
        # After the end of a transaction, the next one sets its savepoint, if there is one.
        "test_write_and_read": 2 + 2 + 1,
        "test_roll_back": 2 + 2 + 1,
        "test_failed_read": 2 + 3 + 3,
        "test_request": 2 + 1,
        # The service has its own savepoint.
        "test_registration": 2 + 3,
    }


PLANTS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "a savepoint by itself": (
        {
            'f"{self._take_back};{NEW_SAVEPOINT}"\n': "self._take_back\n",
            'self._writer = "", None': "self._writer = NEW_SAVEPOINT, None",
        },
        {"test_nothing": 2, "test_read": 4, "test_registration": 6},
    ),
    "a commit that releases": (
        {
            'self._next_savepoint = f"{RELEASE};{NEW_SAVEPOINT}"': (
                "await self.connection.execute(RELEASE); self._next_savepoint = NEW_SAVEPOINT"
            ),
        },
        {"test_nothing": 2, "test_read": 3, "test_registration": 6},
    ),
    "an engine that asks again": (
        {"self._answers[query] = rows": "pass"},
        {"test_nothing": 2, "test_read": 3, "test_registration": 9},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_one_more_round_trip_is_counted(project: Project, plant: str) -> None:
    changes, expected = PLANTS[plant]
    path = project.path / "tests/isolation/connection.py"
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")

    assert round_trips(project, "nothing or test_read or registration") == expected
