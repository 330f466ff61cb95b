"""Does the baked project's database harness find races, survive faults and leave nothing behind?"""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project
from test_baked_suite import is_gone, load_embedded, passed, query, wait_until
from test_migrations_of_baked import migration


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


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
    "tests/test_races.py::test_one_of_twenty_simultaneous_registrations_wins",
    "tests/test_races.py::test_one_of_two_changes_to_the_same_version_wins",
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
# Not every fault makes the gate find something.
IN_ORDER = ("tests/test_faulty.py", "-p", "no:randomly", "-o", "gate_allow_unused=true")


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
        r"^! \S+: Embedded PostgreSQL: the server failed: "
        r".*\. Fix the cause, and run the tests again\. !$"
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
    "0102", upgrade="""with open("migrated", "a") as file: file.write("once\\n")"""
)


def test_two_workers_migrate_once(faulty: Project) -> None:
    (faulty.path / "migrations/versions/0102.py").write_text(COUNTING_MIGRATION, encoding="utf-8")

    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, "-n2", FAULT="none")

    assert passed(done.stdout) == 7
    assert faulty.read("migrated") == "once\n"


def test_a_run_starts_no_workers_by_default(faulty: Project) -> None:
    done = faulty.uv("run", "--frozen", "pytest", *IN_ORDER, FAULT="none")

    assert passed(done.stdout) == 7
    assert not re.search(r"\d workers", done.stdout)
