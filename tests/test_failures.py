"""What fails for many tests is shown once, in few lines. What the gate breaks off ends there."""

import json
import re
from pathlib import Path
from textwrap import dedent, indent
from xml.etree import ElementTree

import pytest
from support.project import HEAD, Done, Project
from test_migrations_of_baked import migration

MAIN = "app/main.py"
LIFESPAN = "async def lifespan(app: FastAPI) -> AsyncIterator[None]:\n"
NOTES = "migrations/versions/0102_notes.py"
# A traceback through all the middleware, of two workers.
MOST_LINES = 50
WIDTH = 300


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


def run_pytest(project: Project, *options: str, database_url: str = "") -> Done:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    # pytest cuts the lines of its summary to the width of the terminal.
    return project.run(
        python, "-m", "pytest", *options, DATABASE_URL=database_url, COLUMNS=str(WIDTH)
    )


def write(project: Project, name: str, text: str) -> None:
    (project.path / name).write_text(dedent(text), encoding="utf-8")


def plant_in_lifespan(project: Project, code: str) -> str:
    """Add code at the start of the lifespan, and return where its marked line is."""
    before, found, after = project.read(MAIN).partition(LIFESPAN)
    assert found
    write(project, MAIN, before + found + indent(dedent(code), " " * 8) + after)
    return marked(project, MAIN)


def marked(project: Project, name: str) -> str:
    lines = project.read(name).splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if line.endswith("# <-"))
    return f"{name}:{number}"


def assert_short(done: Done) -> None:
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert len(output.splitlines()) <= MOST_LINES, output


# A schema that can't be built. LINE is the marked one.

MIGRATIONS = {
    "sql": (
        migration("0102", 'op.execute("CREATE TABEL notes ()")  # <-'),
        r'syntax error at or near "TABEL", at LINE in upgrade',
    ),
    "rows": (
        migration("0102", 'op.execute("INSERT INTO users (version) VALUES (1)")  # <-'),
        r'null value in column "\w+" of relation "users" violates not-null .*, at LINE in upgrade',
    ),
    "python": (
        migration("0102", 'op.create_tabel("notes")  # <-'),
        r"AttributeError: module 'alembic.op' has no attribute 'create_tabel', at LINE in upgrade",
    ),
    "exit": (
        migration("0102", 'raise SystemExit("not today")  # <-'),
        r"SystemExit: not today, at LINE in upgrade",
    ),
    "import": (
        "import nothing_here  # <-\n" + migration("0102"),
        r"ModuleNotFoundError: No module named 'nothing_here', at LINE in <module>",
    ),
    "missing revision": (
        migration("0102").replace(f'"{HEAD}"', '"0109"  # <-'),
        r'Revision 0109 referenced from .* is not present, .*LINE: down_revision = "0109"',
    ),
    "two heads": (
        migration("0102").replace('\nrevision = "0102"', '\nrevision = "0102"  # <-'),
        r'Multiple head revisions .*, LINE: revision = "0102".*0102_tags.py:\d+: revision = "tags"',
    ),
}


def plant_migration(project: Project, name: str) -> str:
    text, message = MIGRATIONS[name]
    write(project, NOTES, text)
    if name == "two heads":
        write(project, "migrations/versions/0102_tags.py", migration("tags"))
    return message.replace("LINE", re.escape(marked(project, NOTES)))


@pytest.mark.parametrize("name", MIGRATIONS)
def test_a_schema_that_cant_be_built_ends_the_run(project: Project, name: str) -> None:
    message = plant_migration(project, name)

    # The tests of the migrations themselves read them before any test runs.
    done = run_pytest(project, "--ignore=tests/test_migrations.py")

    assert_short(done)
    assert re.search(f"! .*: The schema can't be built: .*{message}", done.stdout), done.stdout


@pytest.mark.parametrize("name", ["import", "missing revision"])
def test_migrations_that_cant_be_read_are_reported_in_few_lines(
    project: Project, name: str
) -> None:
    plant_migration(project, name)

    done = run_pytest(project)

    assert_short(done)
    assert re.search("nothing_here|Revision 0109 referenced", done.stdout), done.stdout


def test_two_workers_report_once_that_a_schema_cant_be_built(project: Project) -> None:
    message = plant_migration(project, "sql")

    done = run_pytest(project, "-n2")

    assert_short(done)
    assert re.search(f"! .*: The schema can't be built: .*{message}", done.stdout), done.stdout
    assert done.stdout.count("ERROR at setup of ") == 1


def test_a_migration_environment_that_fails_is_named(project: Project) -> None:
    text, call = project.read("migrations/env.py"), "    context.configure(\n"
    assert call in text
    failing = text.replace(call, f'    raise RuntimeError("no models")  # <-\n{call}')
    write(project, "migrations/env.py", failing)

    done = run_pytest(project)

    assert_short(done)
    where = marked(project, "migrations/env.py")
    assert f"can't be built: RuntimeError: no models, at {where} in run_migrations." in done.stdout


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_failed_connection_ends_the_run(project: Project, options: tuple[str, ...]) -> None:
    done = run_pytest(project, *options, database_url="postgresql://ada@localhost:1/shop")

    assert_short(done)
    message = "DATABASE_URL: could not connect to the server localhost:1: .*Connect call failed"
    assert re.search(f"^!+ .*: {message}", done.stdout, re.MULTILINE), done.stdout


# What many tests need and never works

LIFESPANS = {
    "error": ('raise RuntimeError("no broker")  # <-\n', "RuntimeError: no broker"),
    "exit": ("raise SystemExit(3)  # <-\n", "SystemExit: 3"),
    "group": (
        """\
        import asyncio
        async def connect() -> None:
            raise ConnectionError("no broker")  # <-
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(connect())
        """,
        "ConnectionError: no broker",
    ),
}


@pytest.mark.parametrize(
    ("name", "options"), [("error", ()), ("error", ("-n2",)), ("exit", ()), ("group", ())]
)
def test_a_lifespan_that_never_starts_ends_the_run(
    project: Project, name: str, options: tuple[str, ...]
) -> None:
    code, message = LIFESPANS[name]
    where = plant_in_lifespan(project, code)

    done = run_pytest(project, *options)

    assert_short(done)
    assert f"\n{where}: in " in done.stdout
    assert f"\nE   {message}\n" in done.stdout
    assert re.search(r"! .*: the fixture 'app' does not work, and \d+ of \d+ tests", done.stdout)


@pytest.mark.parametrize(
    "options",
    [[], ["-p", "no:randomly", "tests/test_contract.py", "tests"]],
    ids=["any", "for a test that may take long"],
)
def test_a_fixture_that_hangs_for_many_tests_ends_the_run(
    project: Project, options: list[str]
) -> None:
    where = plant_in_lifespan(project, "import asyncio\nawait asyncio.Event().wait()  # <-\n")

    done = run_pytest(project, "--override-ini=gate_timeout=1", *options)

    assert_short(done)
    assert f"at {where} in lifespan, in asyncio.locks.Event.wait()\n" in done.stdout
    assert "the fixture 'app' does not work, and " in done.stdout


FEW = """
import os

import httpx
import pytest


@pytest.fixture
def broken() -> None:
    os.environ["NOTHING"]  # <-


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_BROKER", "yes")


@pytest.mark.parametrize("n", range(20))
def test_good(n: int) -> None: ...


@pytest.mark.parametrize("n", range(3))
def test_broken(broken: None, n: int) -> None: ...


@pytest.mark.parametrize("n", range(20))
async def test_app(client: httpx.AsyncClient, n: int) -> None: ...


async def test_no_broker(no_broker: None, client: httpx.AsyncClient) -> None: ...


@pytest.mark.parametrize("n", range(5))
async def test_app_again(client: httpx.AsyncClient, n: int) -> None: ...
"""


def test_what_few_tests_need_or_has_worked_before_does_not_end_the_run(project: Project) -> None:
    write(project, "tests/test_few.py", FEW)
    where = plant_in_lifespan(
        project, 'import os\nif "NO_BROKER" in os.environ: raise RuntimeError("no broker")  # <-\n'
    )

    done = run_pytest(project, "tests/test_few.py", "-p", "no:randomly")

    assert "45 passed, 4 errors" in done.stdout, done.stdout
    assert done.stdout.count("ERROR at setup of ") == 2
    assert f"{where}: in lifespan\n" in done.stdout
    here = marked(project, "tests/test_few.py")
    tests = [f"tests/test_few.py::test_broken[{n}]" for n in range(3)]
    assert "\n".join(["Met by 3 tests:", *(f"  {test}" for test in tests)]) in done.stdout
    first, *others = re.findall(r"^ERROR (.*::test_broken\[\d\] - .*)$", done.stdout, re.M)
    assert first == f"{tests[0]} - KeyError: 'NOTHING'"
    assert others == [f"{test} - KeyError: 'NOTHING' at {here} in broken" for test in tests[1:]]


CRASH = """
async def crash(name: str) -> None:
    raise LookupError(f"no {name}")  # <-
"""
TEST_CRASH = """
import httpx
import pytest
from fastapi import FastAPI

from app.crash import crash


@pytest.mark.parametrize("path", ["/a/tag", "/b/tag", "/a/list"])
async def test_crash(app: FastAPI, client: httpx.AsyncClient, path: str) -> None:
    app.add_api_route("/a/{name}", crash)
    app.add_api_route("/b/{name}", crash)
    await client.get(path)
"""


def test_an_error_of_the_app_is_shown_once_without_the_lines_of_libraries(project: Project) -> None:
    write(project, "app/crash.py", CRASH)
    write(project, "tests/test_crash.py", TEST_CRASH)
    arguments = ("tests/test_crash.py", "-p", "no:randomly")

    short, long = run_pytest(project, *arguments), run_pytest(project, *arguments, "--full-trace")

    where = marked(project, "app/crash.py")
    assert short.stdout.count(f"\n{where}: in crash\n") == 2
    assert re.findall(r"^E   .*", short.stdout, re.MULTILINE) == [
        "E   LookupError: no tag",
        "E   LookupError: no list",
    ]
    again = f"LookupError: no tag at {where} in crash"
    assert f"\nFAILED tests/test_crash.py::test_crash[/b/tag] - {again}\n" in short.stdout
    assert "site-packages" not in short.stdout
    assert "site-packages" in long.stdout


# A finding that many tests share


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_finding_of_many_tests_is_shown_by_the_first_and_named_by_the_others(
    project: Project, options: tuple[str, ...]
) -> None:
    where = plant_in_lifespan(project, "import time\ntime.sleep(0.01)  # <-\n")

    done = run_pytest(
        project, *options, "--gate-report=gate.json", "--junitxml=junit.xml", "-p", "no:randomly"
    )

    assert done.returncode == 1
    assert done.stdout.count("  time.sleep() blocks the event loop\n") == 1
    # One test has a section of its own.
    assert len(re.findall(r"^_+ .*test_.* _+$", done.stdout, re.MULTILINE)) == 1
    findings = json.loads(project.read("gate.json"))["findings"]
    assert {f"{finding['path']}:{finding['line']}" for finding in findings} == {where}
    tests = [finding["test"] for finding in findings]
    assert f"  Met by {len(tests)} tests:\n" in done.stdout
    assert f"    and {len(tests) - 3} more (-v names all)\n" in done.stdout
    line = rf"^(?:ERROR|FAILED) (\S.*) - blocking.sleep at {re.escape(where)}$"
    assert sorted(re.findall(line, done.stdout, re.MULTILINE)) == sorted(tests)
    assert len(tests) > MOST_LINES
    cases = ElementTree.parse(project.path / "junit.xml").iter("testcase")
    texts = [str(bad.text) for case in cases for bad in case if bad.tag in {"error", "failure"}]
    assert len(texts) == len(tests)
    assert sum("\n" in text for text in texts) == 1


NAPS = """
import time


async def sleep() -> None:
    time.sleep(0.01)


async def nap() -> None:
    time.sleep(0.02)  # <-
"""

MIXED = """
import pytest

from app.naps import nap, sleep


@pytest.mark.parametrize("n", range(2))
async def test_error(n: int) -> None:
    try:
        await sleep()
    finally:
        assert n == 2


async def test_another() -> None:
    await sleep()
    await nap()
"""


def test_what_no_other_test_has_shown_is_shown_in_full(project: Project) -> None:
    write(project, "app/naps.py", NAPS)
    write(project, "tests/test_mixed.py", MIXED)

    done = run_pytest(project, "tests/test_mixed.py", "-p", "no:randomly")

    said = "behavior gate: blocking.sleep at app/naps.py:6 in sleep, as in "
    said += "tests/test_mixed.py::test_error[0]"
    assert done.stdout.count("  at app/naps.py:6 in sleep\n") == 1
    assert done.stdout.splitlines().count(said) == 2
    assert done.stdout.count("assert n == 2") == 2
    assert f"  at {marked(project, 'app/naps.py')} in nap\n" in done.stdout


# What a blocking call leads to

BLOCKED = """
import threading
import time

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture(autouse=True)
def routes(app: FastAPI) -> None:
    @app.get("/nap")
    async def nap() -> str:
        time.sleep(0.2)
        return "slept"

    @app.get("/wait")
    async def wait() -> None:
        threading.Event().wait()


async def test_nap(client: httpx.AsyncClient) -> None:
    response = await client.get("/nap")
    assert (response.status_code, response.json()) == (200, "slept")


async def test_own_failure(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nap")).status_code == 201


async def test_wait(client: httpx.AsyncClient) -> None:
    await client.get("/wait")


@pytest.mark.gate_allow("blocking.sleep", reason="to see what else is told of it")
async def test_allowed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nap")).json() == "slept"
"""


def test_a_blocking_call_goes_on_unless_it_may_wait_forever(project: Project) -> None:
    write(project, "tests/test_blocked.py", BLOCKED)

    done = run_pytest(
        project, "tests/test_blocked.py", "-p", "no:randomly", "--gate-report=gate.json"
    )

    findings = json.loads(project.read("gate.json"))["findings"]
    assert [(each["test"].partition("::")[2], each["rule"]) for each in findings] == [
        ("test_nap", "blocking.sleep"),
        ("test_own_failure", "blocking.sleep"),
        ("test_wait", "blocking.lock"),
    ]
    assert "assert 200 == 201" in done.stdout
    assert "BlockingError" not in done.stdout
    assert "3 failed, 1 passed" in done.stdout


# What the gate broke off

BROKEN_OFF = """
import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User


@pytest.fixture
async def never_ends(session: AsyncSession) -> AsyncIterator[None]:
    yield
    await asyncio.Event().wait()


@pytest.fixture
async def swallows(session: AsyncSession) -> AsyncIterator[None]:
    yield
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


@pytest.fixture(scope="module")
async def wide() -> None:
    await asyncio.Event().wait()


async def is_clean(client: httpx.AsyncClient, session: AsyncSession, user: User) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    assert await session.scalar(text("SELECT count(*) FROM users")) == 1


async def test_bad_end(client: httpx.AsyncClient, never_ends: None) -> None: ...


async def test_after_bad_end(client: httpx.AsyncClient, session: AsyncSession, user: User) -> None:
    await is_clean(client, session, user)


async def test_bad_swallow(client: httpx.AsyncClient, swallows: None) -> None: ...


async def test_after_swallow(client: httpx.AsyncClient, session: AsyncSession, user: User) -> None:
    await is_clean(client, session, user)


next_test, end_of_work = threading.Event(), threading.Event()


async def test_bad_thread() -> None:
    loop = asyncio.get_running_loop()

    def work() -> None:
        next_test.wait()
        with contextlib.suppress(RuntimeError):
            loop.call_soon(print)
        end_of_work.set()

    await asyncio.to_thread(work)


async def test_after_thread() -> None:
    next_test.set()
    await asyncio.to_thread(end_of_work.wait)


async def test_bad_wide(wide: None) -> None: ...


async def test_wide(wide: None) -> None: ...
"""


def test_what_the_gate_broke_off_leaves_nothing_for_the_next_test(project: Project) -> None:
    write(project, "tests/test_broken_off.py", BROKEN_OFF)

    done = run_pytest(
        project,
        *("tests/test_broken_off.py", "-p", "no:randomly"),
        *("--override-ini=gate_timeout=2", "--gate-report=gate.json"),
    )

    broken_off = [
        "test_bad_end",
        "test_bad_swallow",
        "test_bad_thread",
        "test_bad_wide",
        "test_wide",
    ]
    bad = re.findall(r"^(?:ERROR|FAILED) \S+::(\w+)", done.stdout, re.MULTILINE)
    assert sorted(bad) == broken_off, done.stdout
    findings = json.loads(project.read("gate.json"))["findings"]
    assert [finding["test"].partition("::")[2] for finding in findings] == broken_off
    assert {finding["detector"] for finding in findings} == {"requests"}


# Around the tests

MARKED = """
import asyncio

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_client(client: httpx.AsyncClient, session: AsyncSession) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    assert asyncio.get_running_loop().get_debug()


async def test_concurrent(concurrent_client: httpx.AsyncClient) -> None:
    assert (await concurrent_client.get("/health/ready")).status_code == 200
"""


def test_the_marker_of_anyio_changes_nothing(project: Project) -> None:
    write(project, "tests/test_marked.py", MARKED)

    done = run_pytest(project, "tests/test_marked.py")

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_the_suite_is_green_without_the_gate(installed: Project) -> None:
    done = run_pytest(installed, "--gate=off")

    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed, 1 skipped", done.stdout)
