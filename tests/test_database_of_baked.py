"""Does the baked app get along with real database servers that fail, and with PgBouncer?"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from support.project import QUICK, Project
from test_baked_suite import load_embedded, passed, wait_until
from test_dev import free_port, status

embedded = load_embedded()

SECRET_KEY = "a key of these tests that is long enough"
UNAVAILABLE = {
    "type": "/problems/database-unavailable",
    "title": "Database unavailable",
    "status": 503,
    "detail": "The database does not respond.",
}

Answer = tuple[int, object, str | None]


class Served:
    """The app under uvicorn, and a user of it."""

    def __init__(self, project: Project, database_url: str, log: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = log
        variables = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
        variables |= {"SHUTDOWN_DELAY_SECONDS": "0", **settings}
        project.succeed("run", "--frozen", "alembic", "upgrade", "head", DATABASE_URL=database_url)
        program = Path(project.environment["UV_PROJECT_ENVIRONMENT"], "bin", "uvicorn")
        with log.open("w") as output:
            self.run = subprocess.Popen(
                [program, "app.main:app", f"--port={self.port}", "--no-access-log"],
                cwd=project.path,
                env=project.environment | variables,
                stdout=output,
                stderr=output,
            )
        assert wait_until(lambda: status(self.port, "/health/ready") == 200, 30), log.read_text()

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> Answer:
        """Return the status, the body, and how many seconds later to try again."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode() if body else None,
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.load(response), None
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers["Retry-After"]

    def failures(self) -> list[str]:
        """Return the errors in the log, which is complete once the app has ended."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line["event"] for line in lines if line["level"] == "error"]

    def add_user(self) -> str:
        """Register a user, and return a token."""
        email, password = f"{uuid4().hex}@example.com", "correct horse battery staple"
        self.ask("POST", "/auth/register", {"email": email, "password": password})
        form = f"username={email}&password={password.replace(' ', '+')}".encode()
        address = f"http://127.0.0.1:{self.port}/auth/login"
        with urllib.request.urlopen(address, form, timeout=20) as response:
            return str(json.load(response)["access_token"])


@contextmanager
def served(project: Project, database_url: str, folder: Path, **settings: str) -> Iterator[Served]:
    app = Served(project, database_url, folder / "log", **settings)
    try:
        yield app
    finally:
        app.run.terminate()
        app.run.wait(timeout=20)


@contextmanager
def postgres_at(link: Path, data: Path) -> Iterator[None]:
    """Run a server whose address and data stay the same from one start to the next."""
    with embedded.running_server(data=data) as server:
        link.symlink_to(server.directory)
        try:
            yield
        finally:
            link.unlink()


def test_a_restart_of_the_database_is_503_and_over_within_a_second(
    installed: Project, tmp_path: Path
) -> None:
    link, data = tmp_path / "server", tmp_path / "data"
    url = f"postgresql://postgres@/postgres?host={link}"
    user = {"email": "ada@example.com", "password": "correct horse battery staple"}
    with ExitStack() as stack:
        with postgres_at(link, data):
            app = stack.enter_context(served(installed, url, tmp_path))
            token = app.add_user()
            assert app.ask("GET", "/users/me", token=token)[0] == 200

        assert app.ask("GET", "/users/me", token=token) == (503, UNAVAILABLE, "1")
        assert app.ask("POST", "/auth/register", user) == (503, UNAVAILABLE, "1")
        assert app.ask("GET", "/health/ready") == (503, UNAVAILABLE, "1")
        assert app.ask("GET", "/health")[0] == 200
        with postgres_at(link, data):
            assert wait_until(lambda: app.ask("GET", "/users/me", token=token)[0] == 200, 1)

    failures = app.failures()
    paths = [failure.split(": ")[1] for failure in failures]
    assert paths[:3] == ["/users/me", "/auth/register", "/health/ready"]
    assert set(paths[3:]) <= {"/users/me"}  # While the database starts.
    assert all(failure.startswith("DatabaseUnavailable: ") for failure in failures)


def test_no_request_waits_long_for_a_locked_table(installed: Project, tmp_path: Path) -> None:
    limits = {
        "DATABASE_POOL_SIZE": "2",
        "DATABASE_MAX_OVERFLOW": "1",
        "DATABASE_POOL_TIMEOUT": "1",
        "DATABASE_LOCK_TIMEOUT": "0.5",
    }

    async def ask_while_it_is_locked(app: Served, dsn: str, token: str) -> list[Answer]:
        connection = await asyncpg.connect(dsn)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE users")
                asked = [
                    asyncio.to_thread(app.ask, "GET", "/users/me", None, token) for _ in range(16)
                ]
                async with asyncio.timeout(15):
                    return await asyncio.gather(*asked)
        finally:
            await connection.close()

    with embedded.running_server(over_tcp=True) as server:
        url = server.url()
        with served(installed, url, tmp_path, **limits) as app:
            token = app.add_user()
            dsn = url.replace("+asyncpg", "")
            assert (
                asyncio.run(ask_while_it_is_locked(app, dsn, token))
                == [(503, UNAVAILABLE, "1")] * 16
            )
            assert app.ask("GET", "/users/me", token=token)[0] == 200

    assert len(app.failures()) == 16


# PgBouncer


@pytest.fixture(scope="module")
def pgbouncer() -> str:
    """The program, which Debian has no wheel for."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    if not shutil.which("pgbouncer", path=path):
        if os.geteuid() or not shutil.which("apt-get"):
            pytest.skip("pgbouncer is not installed, and only root can install it with apt-get")
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "pgbouncer"]
        done = subprocess.run(install, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"pgbouncer can't be installed: {done.stderr.strip().splitlines()[-1]}")
    program = shutil.which("pgbouncer", path=path)
    assert program
    return program


@contextmanager
def bouncing(program: str, url: str, folder: Path) -> Iterator[str]:
    """Run PgBouncer in transaction mode, and yield its URL."""
    found = re.fullmatch(r"\S+://postgres:(\S+)@(\S+):(\d+)/postgres", url)
    assert found
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        "[databases]\n"
        f"* = host={found[2]} port={found[3]} user=postgres password={found[1]}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 5\n"
    )
    # It does not run as root.
    user = ["--user=nobody"] if os.geteuid() == 0 else []
    run = subprocess.Popen([program, *user, configuration], stderr=subprocess.DEVNULL)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres?pgbouncer=true"
    finally:
        run.terminate()
        run.wait(timeout=20)


def test_all_goes_through_pgbouncer(installed: Project, pgbouncer: str, tmp_path: Path) -> None:
    def work(_: int) -> Counter[int]:
        token = app.add_user()
        answers = Counter[int]()
        for number in range(20):
            answers[app.ask("PATCH", "/users/me", {"full_name": f"{number}"}, token)[0]] += 1
            answers[app.ask("GET", "/users/me", token=token)[0]] += 1
        return answers

    with (
        embedded.running_server(over_tcp=True) as server,
        bouncing(pgbouncer, server.url(), tmp_path) as url,
        # It applies the migrations, too.
        served(installed, url, tmp_path) as app,
    ):
        installed.succeed("run", "--frozen", "alembic", "upgrade", "head", DATABASE_URL=url)
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(work, range(8)), Counter[int]()) == {200: 320}
        output = installed.succeed("run", "--frozen", "pytest", *QUICK, DATABASE_URL=url)
        assert passed(output) > 250
