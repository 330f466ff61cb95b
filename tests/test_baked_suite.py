"""Does the baked suite pass by DATABASE_URL and after a crash, and leave nothing behind?

That it passes on the embedded PostgreSQL, test_readme.py shows.
"""

import asyncio
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import pytest
from support.project import TEMPLATE, Project

PLANTED_TEST = """
import asyncio
import os
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def test_writes_down_its_server(session: AsyncSession) -> None:
    directory = await session.scalar(text("SHOW unix_socket_directories"))
    await asyncio.to_thread(Path("server").write_text, directory)
    await asyncio.sleep(float(os.environ.get("SLEEP", "0")))
"""

POPULATE = """
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL);
INSERT INTO users (email) SELECT 'user' || n || '@example.com' FROM generate_series(1, 100) AS n;
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('somebody else''s');
"""


def load_embedded() -> ModuleType:
    path = TEMPLATE / "{{cookiecutter.project_slug}}/tests/postgres/embedded.py"
    spec = importlib.util.spec_from_file_location("embedded", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["embedded"] = module
    spec.loader.exec_module(module)
    return module


def passed(output: str) -> int:
    """Return the number of passed tests in a run without other results."""
    found = re.search(r"^=+ (\d+) passed in .*=+$", output, re.MULTILINE)
    assert found, output
    return int(found[1])


def processes_that_mention(text: str) -> list[str]:
    lines = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in lines if text in line]


def wait_until(condition: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def is_gone(directory: str) -> bool:
    return not processes_that_mention(directory) and not Path(directory).exists()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a PostgreSQL with somebody's data in the database `my_backend`."""
    with load_embedded().running_server() as server:
        query(server.url("postgres"), "CREATE DATABASE my_backend")
        query(server.url("my_backend"), POPULATE)
        yield server.url("my_backend")


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    async def run() -> list[tuple[object, ...]]:
        # asyncpg takes the socket directory from the query only if the URL names no host.
        dsn = url.replace(
            "postgresql+asyncpg://postgres@localhost:5432/", "postgresql://postgres@/"
        )
        connection = await asyncpg.connect(dsn)
        try:
            if statement.startswith("SELECT"):
                return [tuple(row) for row in await connection.fetch(statement)]
            await connection.execute(statement)
            return []
        finally:
            await connection.close()

    return asyncio.run(run())


def test_the_locked_versions_install(installed: Project) -> None:
    installed.succeed("sync", "--frozen", "--check")


@pytest.mark.parametrize("command", ["ruff check", "ruff format --check", "mypy"])
def test_the_baked_project_is_clean_for(installed: Project, command: str) -> None:
    installed.succeed("run", "--frozen", *command.split())


def test_the_baked_suite_passes_by_database_url_and_leaves_that_server_as_it_was(
    installed: Project, server_url: str
) -> None:
    def state() -> list[list[tuple[object, ...]]]:
        statements = (
            "SELECT * FROM users ORDER BY id",
            "SELECT * FROM alembic_version",
            "SELECT last_value FROM users_id_seq",
            "SELECT oid::int, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " ORDER BY oid",
            "SELECT datname FROM pg_database ORDER BY datname",
            "SELECT rolname FROM pg_roles ORDER BY rolname",
        )
        return [query(server_url, statement) for statement in statements]

    before = state()
    assert len(before[0]) == 100

    # All but one that only sends many requests.
    options = ("--ignore=tests/test_contract.py",)
    output = installed.succeed("run", "--frozen", "pytest", *options, DATABASE_URL=server_url)

    assert passed(output) > 50
    assert state() == before


ELSEWHERE = {
    "PGHOST": "/nowhere",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "6000",
    "PGDATABASE": "other",
    "PGUSER": "nobody",
    "PGSERVICE": "none",
    "PGSSLMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c default_transaction_read_only=on",
}
WITH_PROCESSES = ("tests/test_users.py", "tests/test_migrations.py")


def test_variables_of_another_server_do_not_reach_the_embedded_one(installed: Project) -> None:
    done = installed.uv("run", "pytest", *WITH_PROCESSES, timeout=120, **ELSEWHERE)

    assert done.returncode == 0, done.stdout + done.stderr


def test_variables_of_another_server_do_not_reach_the_given_one(installed: Project) -> None:
    with load_embedded().running_server(over_tcp=True) as server:
        url = server.url()
        done = installed.uv(
            "run", "pytest", *WITH_PROCESSES, timeout=120, DATABASE_URL=url, **ELSEWHERE
        )

    assert done.returncode == 0, done.stdout + done.stderr


def test_variables_of_another_server_do_not_reach_the_development_server(
    installed: Project, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    query = ("-tAc", "SELECT email FROM users")

    project.succeed(
        "run",
        "dev.py",
        "create-user",
        "a@b.example",
        "--password=12345678",
        timeout=120,
        **ELSEWHERE,
    )

    assert (
        project.succeed("run", "dev.py", "psql", *query, timeout=60, **ELSEWHERE) == "a@b.example\n"
    )


def test_a_connection_that_the_migrations_leave_open_does_not_keep_the_template(
    installed: Project, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    env = project.path / "migrations/env.py"
    text = env.read_text(encoding="utf-8")
    pooled = text.replace("(database_url(), poolclass=NullPool)", "(database_url())")
    kept = "    connection = await engine.connect()\n    ENGINES.append(engine)\n"
    kept += "    await connection.run_sync(run_migrations)\n"
    kept += "    await connection.commit()\n    await connection.close()\n"
    start, end = pooled.index("    try:\n        connection ="), pooled.index("if context.config")
    env.write_text(f"{pooled[:start]}{kept}\n\nENGINES = []\n\n{pooled[end:]}", encoding="utf-8")

    done = project.uv("run", "pytest", "tests/test_users.py", timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr


def test_after_kill_9_in_mid_test_the_next_run_is_green_and_no_server_is_left(
    installed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = installed.copy(tmp_path_factory.mktemp("killed") / "my_backend")
    (project.path / "tests/test_planted.py").write_text(PLANTED_TEST)
    pytest_path = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/pytest"

    run = subprocess.Popen(
        [pytest_path, "tests/test_planted.py"],
        cwd=project.path,
        env=project.environment | {"SLEEP": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    written = project.path / "server"
    assert wait_until(lambda: written.exists() and written.read_text(), seconds=60)
    killed = written.read_text()
    assert processes_that_mention(killed)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()

    tests = ("tests/test_planted.py", "tests/test_users.py")
    assert passed(project.succeed("run", "--frozen", "pytest", *tests)) > 10
    second = written.read_text()
    assert second != killed
    for directory in (killed, second):
        assert wait_until(partial(is_gone, directory), seconds=10)


def test_one_command_starts_the_app_with_its_documentation(
    installed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = installed.copy(tmp_path_factory.mktemp("started") / "my_backend")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    run = subprocess.Popen(
        [project.environment["UV"], "run", "--frozen", "dev.py", f"--port={port}"],
        cwd=project.path,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )

    def answer(path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
                return str(response.read().decode())
        except OSError:
            return None

    try:
        ready = wait_until(lambda: answer("/health/ready"), seconds=60)
        documentation = answer("/docs")
    finally:
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=30)

    assert ready, output
    assert documentation
    assert "My Backend" in documentation
    assert (project.path / ".postgres").is_dir()
    assert wait_until(lambda: not processes_that_mention(str(project.path)), seconds=10)


def test_a_wrong_setting_ends_the_one_command_in_one_line(
    installed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = installed.copy(tmp_path_factory.mktemp("wrong") / "my_backend")

    done = project.uv("run", "--frozen", "dev.py", SECRET_KEY="short")

    assert (done.returncode, done.stderr) == (
        1,
        "Invalid settings: SECRET_KEY: String should have at least 32 characters. "
        "Set them in the environment or in .env (.env.example shows how).\n",
    )
    assert not processes_that_mention(str(project.path))
