"""Does the database harness of the baked project find what it is for, and leave nothing behind?"""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Project
from test_baked_suite import is_gone, load_embedded, passed, query, wait_until

MODEL = """
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
"""

MIGRATION = """
from alembic import op
from sqlalchemy import text

revision = "{revision}"
down_revision = "0001"


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
"""


def migration(revision: str, upgrade: str = "pass", downgrade: str = "pass") -> str:
    return MIGRATION.format(revision=revision, upgrade=upgrade, downgrade=downgrade)


@dataclass(frozen=True)
class Defect:
    """Files with what is appended to them, the test that fails, and a line of its message."""

    name: str
    files: dict[str, str]
    test: str
    message: str


DEFECTS = [
    Defect(
        "missing column",
        {"app/users/models.py": "    nickname: Mapped[str | None]\n"},
        "test_no_model_has_drifted_from_the_migrations",
        "Detected added column 'users.nickname'",
    ),
    Defect(
        "model without a migration",
        {"app/notes/__init__.py": "", "app/notes/models.py": MODEL},
        "test_no_model_has_drifted_from_the_migrations",
        "Detected added table 'notes'",
    ),
    Defect(
        "model that the migrations do not import",
        {"app/notes.py": MODEL},
        "test_no_model_is_hidden_from_the_migrations",
        "app.notes.Note",
    ),
    Defect(
        "downgrade that fails",
        {
            "migrations/versions/0002_a.py": migration(
                "0002a", downgrade='op.drop_table("never_made")'
            )
        },
        "test_each_migration_can_be_undone_and_done_again",
        'the downgrade to 0002a@-1 fails: .*"never_made" does not exist',
    ),
    Defect(
        "downgrade that does nothing",
        {
            "migrations/versions/0002_a.py": migration(
                "0002a", upgrade='op.execute(text("CREATE TABLE left_over ()"))'
            )
        },
        "test_each_migration_can_be_undone_and_done_again",
        "the downgrade of 0002a is not complete(.*\\n)*.*relation left_over",
    ),
    Defect(
        "leftover type",
        {
            "migrations/versions/0002_a.py": migration(
                "0002a", upgrade="""op.execute(text("CREATE TYPE mood AS ENUM ('glad')"))"""
            )
        },
        "test_each_migration_can_be_undone_and_done_again",
        "the downgrade of 0002a is not complete(.*\\n)*.*type mood glad",
    ),
]


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_of_the_migrations_fails_a_test_that_names_it(
    project: Project, defect: Defect
) -> None:
    for name, text in defect.files.items():
        path = project.path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    done = project.uv("run", "--frozen", "pytest", "tests/test_migrations.py")

    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^FAILED \S*::{defect.test}\b", done.stdout, re.MULTILINE), done.stdout
    assert re.search(defect.message, done.stdout), done.stdout


CATALOGUED = """
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.test_migrations import catalogue, empty

STATEMENTS = [
    ("CREATE SCHEMA other", "schema other"),
    ("CREATE TABLE other.notes (id int)", "column other.notes.id integer"),
    ("ALTER TABLE other.notes ALTER id SET NOT NULL", "column other.notes.id integer NOT NULL"),
    ("ALTER TABLE other.notes ADD n int GENERATED ALWAYS AS IDENTITY", "sequence other.notes"),
    ("ALTER TABLE other.notes ADD CHECK (n > 0)", "constraint notes_n_check of other.notes"),
    ("CREATE INDEX ON other.notes (id)", "CREATE INDEX notes_id_idx"),
    ("COMMENT ON COLUMN other.notes.n IS 'x'", "comment on column n of table other.notes: x"),
    ("CREATE VIEW seen AS SELECT n FROM other.notes", "relation seen of kind v"),
    ("CREATE OR REPLACE VIEW seen AS SELECT n FROM other.notes LIMIT 1", "relation seen of kind v"),
    ("CREATE SEQUENCE numbers", "sequence numbers bigint 1 1"),
    ("ALTER SEQUENCE numbers INCREMENT 2", "sequence numbers bigint 1 2"),
    ("CREATE TYPE mood AS ENUM ('glad')", "type mood glad"),
    ("ALTER TYPE mood ADD VALUE 'sad'", "type mood glad, sad"),
    ("CREATE TYPE pair AS (a int)", "column pair.a integer"),
    ("CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)", "type short"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f()"),
    ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", "function f()"),
    ("CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'", "function g()"),
    ("CREATE TRIGGER t AFTER INSERT ON other.notes EXECUTE FUNCTION g()", "trigger CREATE TRIGGER"),
    ("CREATE POLICY own ON other.notes USING (n > 0)", "policy (other,notes,own"),
    ("CREATE EXTENSION citext", "extension citext"),
]


async def test_the_catalogue_shows_each_change(empty: str) -> None:
    engine = create_async_engine(empty, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement, line in STATEMENTS:
            before = await catalogue(empty)
            await connection.execute(text(statement))
            assert any(new.startswith(line) for new in await catalogue(empty) - before), statement
    await engine.dispose()
"""


def test_the_catalogue_that_is_compared_shows_each_kind_of_change(project: Project) -> None:
    (project.path / "tests/test_catalogue.py").write_text(CATALOGUED, encoding="utf-8")

    assert passed(project.succeed("run", "--frozen", "pytest", "tests/test_catalogue.py")) == 1


RISKY = """op.add_column("users", Column("age", Integer, nullable=False))
    op.create_index("ix_users_age", "users", ["age"])
    op.drop_column("users", "full_name")  # squawk-ignore ban-drop-column
"""
SQUAWKS = {
    "adding-required-field: ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;",
    "require-concurrent-index-creation: CREATE INDEX ix_users_age ON users (age);",
}


def test_a_migration_that_locks_a_table_is_warned_of_unless_it_is_meant(project: Project) -> None:
    (project.path / "migrations/versions/0002.py").write_text(
        "from sqlalchemy import Column, Integer\n" + migration("0002", upgrade=RISKY),
        encoding="utf-8",
    )
    command = ("run", "--frozen", "pytest", "tests/test_migrations.py", "-k", "squawk")

    warned = project.uv(*command)
    failed = project.uv(*command, "-Werror")

    found = r"^  \S+/versions/0002.py:10: UserWarning: squawk: (.*?;)"
    assert set(re.findall(found, warned.stdout, re.MULTILINE)) == SQUAWKS
    assert re.search(r"^=+ 2 passed, \d+ deselected, 2 warnings in", warned.stdout, re.MULTILINE)
    assert failed.returncode == 1
    assert re.search(r"^E +UserWarning: squawk: adding-required-field: ", failed.stdout, re.M)


def test_a_migration_that_reads_rows_is_not_looked_at_by_squawk(project: Project) -> None:
    (project.path / "migrations/versions/0002.py").write_text(
        migration("0002", upgrade='op.get_bind().execute(text("SELECT 1")).all()'), encoding="utf-8"
    )

    output = project.succeed("run", "--frozen", "pytest", "tests/test_migrations.py")

    assert output.count("UserWarning: ") == 1
    assert "UserWarning: squawk: not looked at, as it is no SQL without a database: " in output


# Races

NOT_MAPPED = """        if violated_constraint(error) == UNIQUE_EMAIL:
            raise EmailTaken from error
"""
NOT_COUNTED = """    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
"""
REPEAT = """
def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("time")
    metafunc.parametrize("time", range(5))
"""
RACES = (
    "tests/test_races.py::test_of_twenty_registrations_of_one_email_at_once_one_wins",
    "tests/test_races.py::test_of_twenty_changes_to_one_version_of_a_profile_one_wins",
)


def test_a_race_that_is_lost_fails_its_test_each_time(project: Project) -> None:
    for name, text in (
        ("app/users/service.py", NOT_MAPPED),
        ("app/users/models.py", NOT_COUNTED),
    ):
        source = project.read(name)
        assert text in source
        (project.path / name).write_text(source.replace(text, ""), encoding="utf-8")
    (project.path / "repeat.py").write_text(REPEAT, encoding="utf-8")

    done = project.uv(*("run", "--frozen", "pytest", "-prepeat", "--tb=no", *RACES), PYTHONPATH=".")

    failed = re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
    assert sorted(failed) == sorted(f"{race}[{n}]" for race in RACES for n in range(5))


# Faults in the middle of a run

FAULTY = """
import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

SERVER = text("SELECT current_setting('unix_socket_directories')")
POSTMASTER = text("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
FAULT = os.environ["FAULT"]


@pytest.mark.parametrize("n", range(3))
async def test_before(
    client: httpx.AsyncClient, concurrent_client: httpx.AsyncClient, n: int
) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    assert (await concurrent_client.get("/health/ready")).status_code == 200


@pytest.mark.gate_allow("database", "requests", reason="the fault hits a session")
async def test_fault(session: AsyncSession, concurrent_session: AsyncSession) -> None:
    await asyncio.to_thread(Path("server").write_text, await session.scalar(SERVER))
    if FAULT == "wait":
        await asyncio.to_thread(Path("waits").touch)
        await asyncio.sleep(60)
    elif FAULT == "server":
        os.kill(int(await session.scalar(POSTMASTER)), signal.SIGKILL)
        await asyncio.sleep(0.5)
    elif FAULT == "connection":
        with pytest.raises(Exception, match="terminating connection"):
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize("n", range(3))
async def test_after(
    client: httpx.AsyncClient, concurrent_client: httpx.AsyncClient, n: int
) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    assert (await concurrent_client.get("/health/ready")).status_code == 200
"""
IN_ORDER = ("tests/test_faulty.py", "-p", "no:randomly")


@pytest.fixture
def faulty(project: Project) -> Project:
    (project.path / "tests/test_faulty.py").write_text(FAULTY, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    with load_embedded().running_server() as server:
        yield server.url("postgres")


def server_of(project: Project) -> str:
    return project.read("server")


def run_pytest(project: Project, *options: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/pytest", *IN_ORDER, *options],
        cwd=project.path,
        env=project.environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


StartPytest = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_pytest(faulty: Project) -> Iterator[StartPytest]:
    """Starts runs that wait in the middle of a test, and ends them after the test."""
    runs: list[subprocess.Popen[str]] = []

    def start(*options: str, **variables: str) -> subprocess.Popen[str]:
        runs.append(run_pytest(faulty, *options, FAULT="wait", **variables))
        assert wait_until((faulty.path / "waits").exists, seconds=30)
        return runs[-1]

    yield start
    for run in runs:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()


def test_a_broken_connection_does_not_disturb_the_next_test(faulty: Project) -> None:
    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, FAULT="connection")

    assert passed(done.stdout) == 7


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_server_that_dies_ends_the_run_in_one_line(
    faulty: Project, options: tuple[str, ...]
) -> None:
    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, *options, FAULT="server")

    assert done.returncode != 0
    line = (
        r"^! \S+: The embedded PostgreSQL has failed: .*\. Mend that, and run the tests again\. !$"
    )
    assert re.search(line, done.stdout, re.MULTILINE), done.stdout
    assert wait_until(lambda: is_gone(server_of(faulty)), seconds=10)
    again = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, FAULT="none")
    assert passed(again.stdout) == 7


def test_ctrl_c_leaves_nothing(faulty: Project, start_pytest: StartPytest) -> None:
    run = start_pytest()

    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=20)

    assert run.returncode == 2, output
    assert "KeyboardInterrupt" in output
    assert is_gone(server_of(faulty))


def test_ctrl_c_leaves_no_database_on_the_server_of_database_url(
    other_server: str, start_pytest: StartPytest
) -> None:
    run = start_pytest(DATABASE_URL=other_server)
    assert databases_of_runs(other_server)

    os.killpg(run.pid, signal.SIGINT)
    run.communicate(timeout=20)

    assert not databases_of_runs(other_server)


def test_what_a_killed_run_leaves_on_the_server_of_database_url_the_next_one_drops(
    faulty: Project, other_server: str, start_pytest: StartPytest
) -> None:
    run = start_pytest(DATABASE_URL=other_server)
    with_another_at_work = databases_of_runs(other_server)
    done = faulty.uv(
        "run", "--frozen", "pytest", *IN_ORDER, FAULT="none", DATABASE_URL=other_server
    )
    assert passed(done.stdout) == 7
    # It may have made a clone meanwhile.
    left = databases_of_runs(other_server)
    assert left >= with_another_at_work
    assert len({name[:19] for name in left}) == 1

    run.kill()
    run.communicate()
    done = faulty.uv(
        "run", "--frozen", "pytest", *IN_ORDER, FAULT="none", DATABASE_URL=other_server
    )

    assert passed(done.stdout) == 7
    assert not databases_of_runs(other_server)


def databases_of_runs(url: str) -> set[str]:
    rows = query(url, "SELECT datname FROM pg_database WHERE datname LIKE 'pytest%'")
    return {str(name) for (name,) in rows}


# Parallel runs

COUNTING_MIGRATION = migration(
    "0002", upgrade="""with open("migrated", "a") as file: file.write("once\\n")"""
)


def test_two_workers_migrate_once(faulty: Project) -> None:
    (faulty.path / "migrations/versions/0002.py").write_text(COUNTING_MIGRATION, encoding="utf-8")

    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, "-n2", FAULT="none")

    assert passed(done.stdout) == 7
    assert faulty.read("migrated") == "once\n"


def test_a_run_starts_no_workers_by_itself(faulty: Project) -> None:
    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, FAULT="none")

    assert passed(done.stdout) == 7
    assert not re.search(r"\d workers", done.stdout)
