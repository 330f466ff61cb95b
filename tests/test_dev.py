"""Do the development commands do what they say, on real servers."""

import ast
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.project import HEAD, MIGRATIONS, Done, Project
from test_baked_suite import load_embedded, query, wait_until

NOTE = """
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    a_name_that_needs_a_second_line_when_the_file_is_formatted: Mapped[str | None]
"""

BAD_MIGRATION = f"""
from alembic import op

revision = "0102"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("CREATE TABLE notes (id int")
"""

# Types an answer when a prompt comes. What it prints is what a terminal shows.
TERMINAL = """
import pty, sys

sys.exit(pty.spawn(sys.argv[1:]) >> 8)
"""

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def project(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose data the tests of this module share."""
    return installed.copy(tmp_path_factory.mktemp("dev") / "my_backend")


@pytest.fixture
def fresh(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "my_backend")


@pytest.fixture
def server_url() -> Iterator[str]:
    """The URL of an empty database that does not belong to the project."""
    with load_embedded().running_server() as server:
        query(server.url(), "CREATE DATABASE theirs")
        yield server.url("theirs")


def dev(project: Project, *words: str, **variables: str) -> Done:
    return project.uv("run", "--frozen", "dev.py", *words, timeout=60, **variables)


def output(done: Done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def refusal(done: Done) -> str:
    """Return the one line of a command that did nothing."""
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("Starting")]
    return line


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def status(port: int, path: str, data: bytes | None = None) -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, 5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


class Served:
    """A running `dev.py serve`."""

    def __init__(self, project: Project, *options: str, **variables: str) -> None:
        self.project = project
        self.port = free_port()
        self.log = ""
        self.run = subprocess.Popen(
            [
                project.environment["UV"],
                "run",
                "--frozen",
                "dev.py",
                f"--port={self.port}",
                *options,
            ],
            cwd=project.path,
            env=project.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if not wait_until(lambda: status(self.port, "/health/ready") == 200, seconds=60):
            self.end()
            pytest.fail(self.log)

    def end(self, number: int = signal.SIGINT) -> None:
        if self.run.returncode is None:
            os.killpg(self.run.pid, number)
            self.log, _ = self.run.communicate(timeout=30)


@contextmanager
def served(project: Project, **variables: str) -> Iterator[Served]:
    server = Served(project, **variables)
    try:
        yield server
    finally:
        server.end()


def in_terminal(project: Project, prompt: str, answer: str, *words: str) -> tuple[int, str]:
    """Run a command in a terminal, answer its prompt, and return its exit code and output."""
    command = [sys.executable, "-c", TERMINAL, project.environment["UV"], "run", "--frozen"]
    with subprocess.Popen(
        [*command, "dev.py", *words],
        cwd=project.path,
        env=project.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as run:
        assert run.stdin
        assert run.stdout
        shown = b""
        while not shown.endswith(prompt.encode()) and (byte := run.stdout.read(1)):
            shown += byte
        run.stdin.write(f"{answer}\n".encode())
        shown += run.stdout.read()
    return run.returncode, shown.decode()


# --- While the app is served


@pytest.fixture(scope="module")
def running(project: Project) -> Iterator[Served]:
    with served(project) as server:
        yield server


@pytest.mark.parametrize("words", [[], ["serve"], ["serve", "--port=1"]], ids=repr)
def test_a_second_server_names_the_port_of_the_first(running: Served, words: list[str]) -> None:
    line = refusal(dev(running.project, *words))

    assert line.startswith(f"This project is already served on port {running.port} by process ")
    assert line.endswith(". Stop that server first.")


def test_a_user_is_created_who_can_log_in(running: Served) -> None:
    created = dev(running.project, "create-user", "ada@example.com", f"--password={PASSWORD}")

    assert output(created) == "Created ada@example.com."
    login = f"username=ada@example.com&password={PASSWORD.replace(' ', '+')}".encode()
    assert status(running.port, "/auth/login", login) == 200
    again = dev(running.project, "create-user", "ADA@example.com", f"--password={PASSWORD}")
    assert refusal(again) == "An account with this email already exists."


def test_the_url_is_that_of_the_running_server(running: Served) -> None:
    url = output(dev(running.project, "url"))

    assert url.startswith("postgresql://postgres@localhost:5432/postgres?host=/")
    asyncpg_url = url.replace("postgresql://", "postgresql+asyncpg://")
    assert query(asyncpg_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_sql_is_run(running: Served) -> None:
    assert output(dev(running.project, "psql", "-A", "-t", "-c", "SELECT 1, 'two'")) == "1|two"
    assert dev(running.project, "psql", "-c", "SELEC").returncode == 1


def test_other_commands_share_the_server(running: Served) -> None:
    nothing = dev(running.project, "revision", "-m", "nothing")
    assert output(nothing) == "No changes: no migration was written."
    assert nothing.stderr == "Comparing the models with the database ...\n"
    assert output(dev(running.project, "upgrade")) == f"{HEAD} (head)"
    history = output(dev(running.project, "history")).splitlines()
    assert len(history) == len(MIGRATIONS)
    assert history[0].endswith(f" -> {HEAD} (head) (current), {MIGRATIONS[HEAD]}")


def test_the_data_of_a_running_server_is_not_removed(running: Served) -> None:
    data = running.project.path / ".postgres"

    assert refusal(dev(running.project, "reset", "--yes")) == (
        f"A server is using {data}. Stop `dev.py serve` and other commands first."
    )
    assert status(running.port, "/health/ready") == 200


# --- And when it is not


def test_a_migration_is_written_applied_and_undone(fresh: Project) -> None:
    package = fresh.path / "app" / "notes"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(NOTE.lstrip())

    written = dev(fresh, "revision", "-m", "add notes")

    befores = ("", *MIGRATIONS)
    upgrades = [
        f"{befores[n]} -> {step}" for n, step in enumerate(map(", ".join, MIGRATIONS.items()))
    ]
    path = Path(output(written))
    assert path.parent == fresh.path / "migrations" / "versions"
    assert path.name.endswith("_add_notes.py")
    assert written.stderr.splitlines()[: len(MIGRATIONS) + 3] == [
        f"Starting PostgreSQL in {fresh.path}/.postgres ...",
        *(f"Running upgrade {step}" for step in upgrades),
        "Comparing the models with the database ...",
        "Detected added table 'notes'",
    ]
    fresh.succeed("run", "--frozen", "ruff", "format", "--check")
    number = path.name.split("-")[1].split("_")[0]
    assert output(dev(fresh, "upgrade")) == f"{number} (head)"
    again = dev(fresh, "revision", "-m", "x")
    assert output(again) == "No changes: no migration was written."
    assert "Detected" not in again.stderr
    assert output(dev(fresh, "downgrade")) == HEAD
    assert output(dev(fresh, "upgrade", "+1")) == f"{number} (head)"
    assert output(dev(fresh, "downgrade", "base")) == ""
    assert len(list(path.parent.glob("*.py"))) == len(MIGRATIONS) + 1

    without_operations = dev(fresh, "revision", "--empty", "-m", 'match "\\d" and """')
    empty = Path(output(without_operations))
    assert "    pass\n" in empty.read_text()
    docstring = ast.get_docstring(ast.parse(empty.read_text())) or ""
    assert docstring.startswith('match "\\d" and """\n')
    assert "Comparing" not in without_operations.stderr
    fresh.succeed("run", "--frozen", "ruff", "check")


def test_a_migration_that_fails_is_named_with_its_line(fresh: Project) -> None:
    (fresh.path / "migrations/versions/0102_bad.py").write_text(BAD_MIGRATION)

    for command in ("upgrade", "serve"):
        line = dev(fresh, command).stderr.splitlines()[-1]
        assert line == "migrations/versions/0102_bad.py:9: syntax error at end of input"


def test_the_data_is_removed_after_a_confirmation(fresh: Project) -> None:
    data = fresh.path / ".postgres"
    assert (
        refusal(dev(fresh, "reset", "--yes"))
        == f"There is no data to remove: {data} does not exist."
    )
    output(dev(fresh, "create-user", "ada@example.com", f"--password={PASSWORD}"))

    assert refusal(dev(fresh, "reset")) == (
        "There is no terminal to ask on. Pass --yes to remove the data."
    )
    code, shown = in_terminal(fresh, "[y/N] ", "", "reset")
    assert code == 1
    assert shown.endswith("Nothing was removed.\r\n")
    assert data.exists()

    assert in_terminal(fresh, "[y/N] ", "y", "reset")[0] == 0
    assert not data.exists()
    output(dev(fresh, "upgrade"))
    assert output(dev(fresh, "psql", "-Atc", "SELECT count(*) FROM users")) == "0"
    assert output(dev(fresh, "reset", "--yes")).startswith("Removed ")


def test_a_password_is_prompted_for_and_not_shown(fresh: Project) -> None:
    words = ("create-user", "ada@example.com")

    code, shown = in_terminal(fresh, "Password: ", PASSWORD, *words)

    assert code == 0
    assert shown.endswith("Created ada@example.com.\r\n")
    assert PASSWORD not in shown
    assert refusal(dev(fresh, *words)) == "password: String should have at least 8 characters"


def test_without_a_server_there_is_no_url(fresh: Project) -> None:
    assert refusal(dev(fresh, "url")) == (
        "The embedded PostgreSQL is not running. Start it with `dev.py serve`."
    )


def test_the_server_of_database_url_is_used_and_never_emptied(
    fresh: Project, server_url: str
) -> None:
    def run(*words: str) -> Done:
        return dev(fresh, *words, DATABASE_URL=server_url)

    # Its schema is only changed on request.
    assert refusal(run("create-user", "ada@example.com", f"--password={PASSWORD}")) == (
        'relation "users" does not exist'
    )
    assert (
        run("revision", "-m", "x").stderr.splitlines()[-1] == "Target database is not up to date."
    )
    assert output(run("upgrade")) == f"{HEAD} (head)"
    output(run("create-user", "ada@example.com", f"--password={PASSWORD}"))
    assert output(run("psql", "-Atc", "SELECT email FROM users")) == "ada@example.com"
    assert output(run("url")) == server_url.replace("+asyncpg", "")
    assert refusal(run("reset", "--yes")) == (
        "DATABASE_URL is set: reset only removes the embedded PostgreSQL. Unset it first."
    )
    assert query(server_url, "SELECT email FROM users") == [("ada@example.com",)]
    with served(fresh, DATABASE_URL=server_url) as server:
        login = f"username=ada@example.com&password={PASSWORD.replace(' ', '+')}".encode()
        assert status(server.port, "/auth/login", login) == 200
    assert not (fresh.path / ".postgres").exists()


def test_a_failed_connection_is_reported_in_one_line(project: Project) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"

    line = refusal(dev(project, "upgrade", DATABASE_URL=url))

    assert line.startswith("DATABASE_URL: could not connect to the server: [Errno ")
    assert line.endswith(").")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["upgrade", "nowhere"], "Can't locate revision identified by 'nowhere'"),
        (["downgrade", "-7"], "Relative revision -7 didn't produce 7 migrations"),
        (["serve", "--port=x"], "dev.py serve: Invalid value for '--port': 'x' is not a valid"),
        (["--frobnicate"], "dev.py serve: No such option"),
        (["create-user", "ada", "--password=correct"], "email: value is not a valid email address"),
        (
            ["serve", "--port=99999"],
            "Cannot use 127.0.0.1:99999: bind(): port must be 0-65535. Choose another port",
        ),
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_reported_in_one_line(
    fresh: Project, words: list[str], line: str
) -> None:
    assert refusal(dev(fresh, *words)).startswith(line)


@pytest.mark.parametrize("words", [["frobnicate"], ["revision"], ["upgrade", "0001", "0002"]])
def test_wrong_arguments_are_reported_in_one_line(project: Project, words: list[str]) -> None:
    done = dev(project, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("dev.py")
    assert re.search(r"\. See dev\.py[a-z ]* --help\n$", done.stderr)
    assert done.stderr.count("\n") == 1


def plant(project: Project, code: str) -> None:
    """Add a module, and have mypy check it alone: all of them take ten seconds."""
    (project.path / "app/planted.py").write_text(f"{code}\n")
    settings = project.path / "pyproject.toml"
    text = re.sub(r"(?m)^files = .*$", 'files = ["app/planted.py"]', settings.read_text())
    settings.write_text(text)


@pytest.mark.parametrize(
    ("planted", "code", "options", "ended_by"),
    [
        ("import os", 1, [], "ruff check"),
        ("number=1", 1, [], "ruff format --check"),
        ('number: int = "one"', 1, [], "mypy"),
        # No test is run, which pytest tells by 5.
        (
            *("number = 1", 5, ["tests/test_dev.py", "-k", "not test"]),
            "pytest tests/test_dev.py -k 'not test'",
        ),
    ],
)
def test_the_checks_end_with_the_first_that_fails(
    fresh: Project, planted: str, code: int, options: list[str], ended_by: str
) -> None:
    plant(fresh, planted)

    done = dev(fresh, "check", *options)

    assert done.returncode == code, done.stdout + done.stderr
    checks = ["ruff check", "ruff format --check", "mypy", ended_by]
    told = [f"$ uv run {words}" for words in checks[: checks.index(ended_by) + 1]]
    assert [line for line in done.stderr.splitlines() if line.startswith("$")] == told


def test_ctrl_c_lets_the_tests_end_what_they_have_started(fresh: Project) -> None:
    plant(fresh, "number = 1")
    words = ("run", "--frozen", "dev.py", "check", "tests/test_health.py")
    with subprocess.Popen(
        [fresh.environment["UV"], *words],
        cwd=fresh.path,
        env=fresh.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout
        shown = ""
        while "collected" not in shown and (line := run.stdout.readline()):
            shown += line
        os.killpg(run.pid, signal.SIGINT)
        shown += run.stdout.read()

    # That is how pytest ends.
    assert run.returncode == 2, shown
    assert "KeyboardInterrupt" in shown
    assert "dev.py" not in shown.partition("collected")[2]


def test_a_port_that_is_in_use_is_reported(fresh: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        line = refusal(dev(fresh, f"--port={port}"))

    assert line.startswith(f"Cannot use 127.0.0.1:{port}: ")
    assert line.endswith(". Choose another port with --port.")


def test_options_of_uvicorn_are_passed_on(project: Project) -> None:
    assert output(dev(project, "--version")).startswith("Running uvicorn ")


def test_the_help_works_whatever_is_broken(fresh: Project, tmp_path: Path) -> None:
    (fresh.path / ".env").unlink()
    (fresh.path / "app/config.py").write_text("no Python")
    script = str(fresh.path / "dev.py")
    command = [fresh.environment["UV"], "run", "--frozen", "--project", str(fresh.path), script]

    done = subprocess.run(
        [*command, "--help"], cwd=tmp_path, env=fresh.environment, capture_output=True, text=True
    )

    assert done.returncode == 0
    assert done.stdout.startswith("usage: dev.py ")


# --- The end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_server_ends(fresh: Project, number: signal.Signals) -> None:
    server = Served(fresh)
    directory = load_embedded().server_of(fresh.path / ".postgres").directory
    if number == signal.SIGKILL:
        # The parent of the others, which get no signal.
        os.kill(int((fresh.path / ".serving").read_text().split()[-1]), number)
        server.log, _ = server.run.communicate(timeout=30)
    else:
        server.end(number)
        assert server.run.returncode == 0

    assert "Traceback" not in server.log
    assert wait_until(lambda: status(server.port, "/health") is None, seconds=10)
    assert wait_until(lambda: not directory.exists(), seconds=10)
    with (fresh.path / ".serving").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_change_of_the_app_is_served(fresh: Project) -> None:
    with served(fresh) as server:
        main = fresh.path / "app/main.py"
        main.write_text(main.read_text().replace('    "app.health",\n', ""))

        assert wait_until(lambda: status(server.port, "/health") == 404, seconds=20)
