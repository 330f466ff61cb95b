"""Do the fixtures of a baked project do what production does, whatever is built on it?"""

from pathlib import Path

import pytest
from support.project import QUICK, Project
from test_baked_suite import passed


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


def replace(project: Project, name: str, old: str, new: str) -> None:
    text = project.read(name)
    assert old in text
    (project.path / name).write_text(text.replace(old, new), encoding="utf-8")


def test_an_app_whose_sessions_expire_on_commit_is_red(project: Project) -> None:
    replace(project, "app/main.py", "engine, expire_on_commit=False", "engine")

    done = project.uv("run", "--frozen", "pytest", "tests/test_users.py")

    assert done.returncode == 1
    assert "Error extracting attribute: MissingGreenlet: " in done.stdout


LIFESPAN = """\
        async with app.state.sessionmaker() as session:
            if await find_user(session, email="admin@example.com") is None:
                await create_user(session, email="admin@example.com", password="correct horse")
            await session.commit()
        work: asyncio.Queue[str] = asyncio.Queue()

        async def register() -> None:
            while True:
                email = await work.get()
                async with app.state.sessionmaker.begin() as session:
                    await create_user(session, email=email, password="correct horse")
                work.task_done()

        worker = asyncio.create_task(register())
        try:
            yield {"work": work}
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
"""
BUSY_LIFESPAN_TEST = """\
import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User


@pytest.mark.parametrize("email", ["ada@example.com", "grace@example.com"])
@pytest.mark.parametrize(
    "fixture", ["client", pytest.param("real", marks=pytest.mark.real_commits)]
)
async def test_worker(
    app: FastAPI, client: httpx.AsyncClient, session: AsyncSession, email: str, fixture: str
) -> None:
    @app.post("/work")
    async def work(request: Request) -> None:
        await request.state.work.put(email)
        await request.state.work.join()

    assert (await client.post("/work")).status_code == 200

    emails = await session.scalars(select(User.email).order_by(User.email))
    assert emails.all() == sorted(["admin@example.com", email])
"""


def test_a_lifespan_that_uses_the_database_works_in_the_isolation_of_each_test(
    project: Project,
) -> None:
    replace(project, "app/main.py", "        try:\n            yield\n        finally:\n", LIFESPAN)
    replace(
        project,
        "app/main.py",
        "from collections.abc import AsyncIterator\n",
        "import asyncio\nfrom collections.abc import AsyncIterator\nfrom typing import Any\n"
        "from app.users.service import create_user, find_user\n",
    )
    replace(project, "app/main.py", "AsyncIterator[None]", "AsyncIterator[dict[str, Any]]")
    (project.path / "tests/test_worker.py").write_text(BUSY_LIFESPAN_TEST, encoding="utf-8")

    # With the baked tests.
    assert passed(project.succeed("run", "--frozen", "pytest", *QUICK)) > 100


SYNC_TESTS = """\
from fastapi import FastAPI, WebSocket
from sqlalchemy import select
from starlette.testclient import TestClient

from app.database import SessionDep
from app.users.models import User

ADA = {"email": "ada@example.com", "password": "correct horse battery"}


def test_requests_and_a_websocket(app: FastAPI) -> None:
    @app.websocket("/emails")
    async def emails(socket: WebSocket, session: SessionDep) -> None:
        await socket.accept()
        await socket.send_json((await session.scalars(select(User.email))).all())
        await socket.close()

    with TestClient(app) as client:
        assert client.post("/auth/register", json=ADA).status_code == 201
        assert client.post("/auth/register", json=ADA).status_code == 409
        with client.websocket_connect("/emails") as socket:
            assert socket.receive_json() == ["ada@example.com"]


def test_requests_without_the_lifespan(app: FastAPI) -> None:
    client = TestClient(app)
    assert client.post("/auth/register", json=ADA).status_code == 201
    assert client.post("/auth/register", json=ADA).status_code == 409


def test_rows_of_the_test(app: FastAPI, user: User, token: dict[str, str]) -> None:
    with TestClient(app) as client:
        assert client.get("/users/me", headers=token).json()["email"] == user.email
"""
IN_A_COROUTINE = """\
from fastapi import FastAPI
from starlette.testclient import TestClient


async def test_in_a_coroutine(app: FastAPI) -> None:
    with TestClient(app) as client:
        client.get("/health/ready")
"""


def pytest_with(project: Project, library: str, test: str, *options: str) -> tuple[int, str]:
    (project.path / "tests/test_planted.py").write_text(test, encoding="utf-8")
    done = project.uv("run", "--with", library, "pytest", "tests/test_planted.py", *options)
    return done.returncode, done.stdout + done.stderr


def test_plain_functions_can_use_the_client_of_starlette(project: Project) -> None:
    code, output = pytest_with(project, "httpx2", SYNC_TESTS)

    assert code == 0, output
    assert passed(output) == 3


def test_the_client_of_starlette_in_a_coroutine_is_refused_with_a_hint(project: Project) -> None:
    code, output = pytest_with(project, "httpx2", IN_A_COROUTINE)

    assert code == 1
    assert (
        "SeparateConnectionError: The test has one connection, but another event loop opens its"
        " own, which would not see what the test has written. Mark the test with"
        " `@pytest.mark.real_commits`" in output
    )


OTHER_DRIVER = """\
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from tests.isolation import Isolation, SeparateConnectionError


async def test_other_driver(isolation: Isolation) -> None:
    engine = create_async_engine(isolation.database_url.replace("asyncpg", "psycopg"))
    with pytest.raises(SeparateConnectionError, match="but psycopg opens another one, which would"):
        async with engine.connect():
            pass
"""


def test_a_connection_by_another_driver_is_refused(project: Project) -> None:
    code, output = pytest_with(project, "psycopg[binary]", OTHER_DRIVER)

    assert code == 0, output
