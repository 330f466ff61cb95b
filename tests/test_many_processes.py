"""Do several processes of the baked project get along, on one database?"""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from support.project import Project, uv_path
from test_baked_suite import load_embedded, wait_until

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


# The app, with endpoints that use the replica.
READING = """
from sqlalchemy import select, text

from app.database import ReadSessionDep
from app.main import app
from app.users.models import User


@app.get("/emails")
async def emails(session: ReadSessionDep) -> list[str]:
    return list(await session.scalars(select(User.email)))


@app.get("/is-replica")
async def is_replica(session: ReadSessionDep) -> bool:
    return bool(await session.scalar(text("SELECT pg_is_in_recovery()")))


@app.delete("/emails")
async def forget(session: ReadSessionDep) -> None:
    await session.execute(text("DELETE FROM users"))
    await session.commit()
"""
USER = {"email": "ada@example.com", "password": "correct horse battery staple"}


@pytest.fixture
def replica(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that follows the other one by streaming replication."""
    embedded = load_embedded()
    # Short, and open to the account that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="replica", dir="/tmp"))
    data = folder / "data"
    copy = ("-h", server.directory, "-U", "postgres", "-D", data, "-R", "--checkpoint=fast")
    subprocess.run([embedded.program("pg_basebackup"), *copy], check=True)
    owner = (server.directory / "data").stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    with embedded.running_server(data=data) as replica:
        yield replica
    shutil.rmtree(folder)


@contextmanager
def served(project: Project, *, app: str = "app.main:app", **variables: str) -> Iterator[str]:
    """Serve the app in a process of its own, and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [uv_path(), "run", "--frozen", "uvicorn", app, "--port", str(port)]
    environment = (
        project.environment
        | {"SECRET_KEY": "a key that only these tests know 4711", "SHUTDOWN_DELAY_SECONDS": "0"}
        | variables
    )
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, cwd=project.path, env=environment) as process:
        try:
            assert wait_until(lambda: process.poll() is not None or is_up(url), 30)
            assert process.poll() is None
            yield url
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.ConnectError:
        return False


@pytest.fixture
def database_url(installed: Project, server: Any) -> str:
    execute(server, "DROP DATABASE IF EXISTS app WITH (FORCE)", "CREATE DATABASE app")
    url = str(server.url("app"))
    installed.succeed("run", "--frozen", "alembic", "upgrade", "head", DATABASE_URL=url)
    return url


def login(url: str) -> dict[str, str]:
    form = {"username": USER["email"], "password": USER["password"]}
    token = httpx.post(f"{url}/auth/login", data=form).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_two_processes_are_one_app(installed: Project, database_url: str) -> None:
    settings = {"DATABASE_URL": database_url}
    with served(installed, **settings) as one, served(installed, **settings) as other:
        assert httpx.post(f"{one}/auth/register", json=USER).status_code == 201
        token = login(other)

        seen = [httpx.get(f"{url}/users/me", headers=token).json() for url in (one, other)]
        changed = httpx.patch(f"{other}/users/me", json={"full_name": "Ada"}, headers=token)
        seen_at_one = httpx.get(f"{one}/users/me", headers=token)
        asked = {"current_password": USER["password"]}
        deleted = httpx.request("DELETE", f"{one}/users/me", json=asked, headers=token)
        gone = httpx.get(f"{other}/users/me", headers=token)

    assert seen[0] == seen[1]
    assert changed.json() == seen_at_one.json() == seen[0] | {"full_name": "Ada", "version": 2}
    assert (deleted.status_code, gone.status_code) == (204, 401)


def test_what_only_reads_is_read_from_the_replica(
    installed: Project, database_url: str, server: Any, replica: Any, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    (project.path / "reading.py").write_text(READING, encoding="utf-8")
    urls = {"DATABASE_URL": database_url, "DATABASE_READ_URL": replica.url("app")}
    with served(project, app="reading:app", **urls) as url:
        is_replica = httpx.get(f"{url}/is-replica").json()
        execute(replica, "SELECT pg_wal_replay_pause()")
        registered = httpx.post(f"{url}/auth/register", json=USER)
        me = httpx.get(f"{url}/users/me", headers=login(url))
        behind = httpx.get(f"{url}/emails").json()
        write = httpx.delete(f"{url}/emails")

        execute(replica, "SELECT pg_wal_replay_resume()")
        (position,) = execute(server, "SELECT pg_current_wal_lsn()::text")
        caught_up = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
        assert wait_until(lambda: execute(replica, caught_up)[0], 30)
        emails = httpx.get(f"{url}/emails").json()

    assert is_replica is True
    assert (registered.status_code, me.status_code, behind) == (201, 200, [])
    assert (write.status_code, emails) == (503, [USER["email"]])
