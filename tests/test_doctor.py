"""`pytest --gate-doctor`: right about real suites, in what it says and in what it leaves unsaid."""

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from support.gate import load
from support.project import TEMPLATE, Done, Project

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
RULES = [rule.id for rule in load("rules").RULES]
CHECKS = [check.id for check in load("doctor.checks").CHECKS]
LOOP = "asyncio.unix_events._UnixSelectorEventLoop"
#: What a planted mistake stands in: the rest of the line names the checks that find it.
MARK = "# <- "


def plant(folder: Path, installed: Project, files: dict[str, str]) -> Project:
    """Make a small repository, with the gate beside its tests."""
    shutil.copytree(GATE, folder / "behavior_gate", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return Project(folder, installed.environment)


def run_doctor(project: Project, *options: str) -> Done:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    return project.run(python, "-m", "pytest", "--gate-doctor", *options, timeout=120)


def examine(project: Project, *options: str) -> dict[str, Any]:
    done = run_doctor(project, "--json", *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    diagnosis: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == int(diagnosis["count"] > 0)
    return diagnosis


def told(diagnosis: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(one["check"], one["path"], one["line"]) for one in diagnosis["problems"]}


def marked(project: Project) -> set[tuple[str, str, int]]:
    """The mistakes that are planted in a repository, each in its line or in that below the mark."""
    return {
        (check, path.relative_to(project.path).as_posix(), number + line.strip().startswith(MARK))
        for path in project.path.rglob("*")
        if path.is_file() and "behavior_gate" not in path.parts and path.suffix != ".pyc"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MARK in line
        for check in line.partition(MARK)[2].split()
    }


APP = """
    from contextlib import asynccontextmanager

    import asyncpg
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine



    def build():
        return create_async_engine("postgresql+asyncpg://localhost/nothing")


    engine = build()


    @asynccontextmanager
    async def lifespan(app):
        yield


    async def get_session():
        async with AsyncSession(engine) as session:
            yield session


    app = FastAPI(lifespan=lifespan)
"""

BAD = {
    "shop.py": APP,
    ".coveragerc": """
        [run]  # <- coverage-greenlet
        branch = true
    """,
    "pyproject.toml": """
        [tool.pytest.ini_options]
        asyncio_default_fixture_loop_scope = "session"
        asyncio_default_test_loop_scope = "function"
        addopts = [
            "-p", "no:threadexception",  # <- plugin-off
            "-pno:unraisableexception",  # <- plugin-off
        ]
        gate_timeout = 0  # <- no-timeout
        filterwarnings = [
            "error",
            "ignore::RuntimeWarning",  # <- ignored-warnings
            "ignore::ResourceWarning",  # <- ignored-warnings
            "ignore:coroutine 'Mock' was never awaited:RuntimeWarning",
            "ignore::DeprecationWarning",
        ]
    """,
    "conftest.py": """
        import asyncio

        import asyncpg
        import httpx
        import pytest
        import pytest_asyncio
        import shop
        from shop import app, get_session
        from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

        pytest_plugins = ["behavior_gate"]


        @pytest.fixture(scope="session")
        def event_loop():  # <- event-loop-fixture
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()


        @pytest_asyncio.fixture(scope="session")
        async def engine():
            yield create_async_engine("postgresql+asyncpg://localhost/x")  # <- pool-across-loops


        @pytest_asyncio.fixture(scope="module")
        async def pool():
            async with asyncpg.create_pool("postgresql://x") as pool:  # <- pool-across-loops
                yield pool


        @pytest_asyncio.fixture
        async def connection(engine):
            async with engine.connect() as connection:
                await connection.begin()
                yield connection
                await connection.rollback()


        @pytest_asyncio.fixture
        async def session(connection):
            made = AsyncSession(bind=connection, expire_on_commit=False)  # <- join-mode
            async with made as session:
                yield session


        @pytest_asyncio.fixture
        async def other_session():
            async with shop.engine.begin() as connection:
                make = async_sessionmaker(connection)  # <- join-mode
                async with make() as session:
                    yield session


        @pytest.fixture
        def client(session):
            app.dependency_overrides[get_session] = lambda: session  # <- shared-session
            return httpx.AsyncClient(app=app)  # <- client-app


        @pytest.fixture
        def other_client(other_session):
            async def override():
                yield other_session

            app.dependency_overrides[get_session] = override  # <- shared-session
            transport = httpx.ASGITransport(app=app)  # <- lifespan-not-run
            return httpx.AsyncClient(transport=transport, base_url="http://test")
    """,
    "test_shop.py": """
        import asyncio
        import unittest

        import pytest


        @pytest.mark.asyncio
        async def test_function_loop(session, pool):
            pass


        @pytest.mark.asyncio(scope="function")  # <- mark-scope
        async def test_old_name():
            pass


        async def test_nobody():  # <- test-not-run
            pass


        class TestPlain(unittest.TestCase):
            async def test_it(self):  # <- test-not-run
                pass


        def test_loop():
            loop = asyncio.get_event_loop()  # <- current-loop
            loop.run_until_complete(asyncio.sleep(0))
    """,
}

#: The same, as it should be, and what looks like it.
GOOD = {
    "shop.py": APP,
    ".coveragerc": """
        [run]
        branch = true
        concurrency = greenlet, thread
    """,
    "pyproject.toml": """
        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "session"
        asyncio_default_test_loop_scope = "function"
        addopts = ["-p", "no:cacheprovider", "-n2", "--cov=shop", "--junitxml=junit.xml", "-x"]
        filterwarnings = [
            "ignore::RuntimeWarning",
            "error::RuntimeWarning",
            "ignore:coroutine 'Mock' was never awaited:RuntimeWarning",
            "ignore::DeprecationWarning",
            "ignore::ResourceWarning:some_library",
        ]
    """,
    "conftest.py": """
        import asyncio
        from collections.abc import AsyncIterator

        import asyncpg
        import httpx
        import pytest
        from asgi_lifespan import LifespanManager
        from shop import app, get_session
        from sqlalchemy import NullPool
        from sqlalchemy.ext.asyncio import (
            AsyncConnection,
            AsyncSession,
            async_sessionmaker,
            create_async_engine,
        )

        pytest_plugins = ["behavior_gate"]
        print("noise")


        def pytest_report_header():
            print("noise of a hook")


        @pytest.fixture(autouse=True)
        def around():
            print("noise of a fixture")


        @pytest.fixture(scope="session")
        async def engine():
            engine = create_async_engine("postgresql+asyncpg://localhost/x", poolclass=NullPool)
            yield engine
            await engine.dispose()


        @pytest.fixture(scope="session")
        async def pool_of_session():
            async with asyncpg.create_pool("postgresql://localhost/x") as pool:
                yield pool


        @pytest.fixture
        async def pool():
            async with asyncpg.create_pool("postgresql://localhost/x") as pool:
                yield pool


        @pytest.fixture
        async def connection(engine) -> AsyncIterator[AsyncConnection]:
            async with engine.connect() as connection:
                async with connection.begin() as transaction:
                    yield connection
                    await transaction.rollback()


        @pytest.fixture
        async def session(connection):
            mode = "create_savepoint"
            async with AsyncSession(bind=connection, join_transaction_mode=mode) as session:
                yield session


        @pytest.fixture
        async def nested(engine):
            async with engine.connect() as connection:
                await connection.begin()
                await connection.begin_nested()
                async with AsyncSession(bind=connection) as session:
                    yield session


        @pytest.fixture
        async def plain(engine):
            async with engine.connect() as connection, AsyncSession(connection) as session:
                yield session


        @pytest.fixture(scope="session")
        async def data(engine):
            async with engine.begin() as connection:
                async with AsyncSession(connection) as session:
                    session.add(object())
            yield


        @pytest.fixture
        def user():
            return {"name": "Ada"}


        @pytest.fixture
        async def client(connection, session, user):
            make = async_sessionmaker(connection, join_transaction_mode="create_savepoint")

            async def override():
                async with make() as session:
                    yield session

            app.dependency_overrides[get_session] = override
            app.dependency_overrides[lifespan_of] = lambda: user
            async with LifespanManager(app):
                transport = httpx.ASGITransport(app=app)
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                    yield client
            app.dependency_overrides.clear()


        def lifespan_of():
            return None


        @pytest.fixture
        def other_loop():
            try:
                asyncio.get_event_loop()
            except RuntimeError:
                pass
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            yield asyncio.get_event_loop()
            loop.close()
            asyncio.set_event_loop(None)
    """,
    "test_shop.py": """
        import asyncio

        import pytest


        async def test_function_loop(session, pool):
            asyncio.get_event_loop()


        @pytest.mark.skip(reason="needs a server")
        @pytest.mark.asyncio(loop_scope="session")
        async def test_session_loop(pool_of_session):
            pass


        @pytest.mark.asyncio(loop_scope="function")
        async def test_new_name():
            pass


        class TestGroup:
            async def test_it(self):
                pass


        def test_plain():
            pass
    """,
}

# As in the documentation of FastAPI and of Starlette, without a line about the event loop.
TESTED_BY_CLIENT = {
    "app.py": """
        from contextlib import asynccontextmanager

        from fastapi import Depends, FastAPI
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session


        @asynccontextmanager
        async def lifespan(app):
            yield


        def get_db():
            with Session(create_engine("sqlite://")) as session:
                yield session


        app = FastAPI(lifespan=lifespan)


        @app.get("/")
        async def root():
            return {}
    """,
    "test_app.py": """
        import pytest
        from app import app, get_db
        from fastapi.testclient import TestClient
        from sqlalchemy import StaticPool, create_engine
        from sqlalchemy.orm import Session, sessionmaker

        engine = create_engine(
            "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
        )
        TestingSessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


        def override_get_db():
            db = TestingSessionLocal()
            try:
                yield db
            finally:
                db.close()


        app.dependency_overrides[get_db] = override_get_db


        @pytest.fixture
        def client():
            with TestClient(app) as client:
                yield client


        def test_root(client):
            assert client.get("/").json() == {}
    """,
    "conftest.py": 'pytest_plugins = ["behavior_gate"]\n',
    "pytest.ini": "[pytest]\n",
}

# What a class keeps, and what the documentation of SQLModel says.
SHARED = TESTED_BY_CLIENT | {
    "test_app.py": """
        import unittest

        import pytest
        from app import app, get_db
        from fastapi.testclient import TestClient
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session, sessionmaker

        engine = create_engine("sqlite://")
        make = sessionmaker(bind=engine)
        client = TestClient(app)  # <- lifespan-not-run


        @pytest.fixture(name="session")
        def session_fixture():
            with Session(engine) as session:
                yield session


        @pytest.fixture
        def clients(session: Session):
            def get_session_override():
                return session

            app.dependency_overrides.update({get_db: get_session_override})  # <- shared-session
            yield TestClient(app)  # <- lifespan-not-run
            app.dependency_overrides.clear()


        class TestShop(unittest.TestCase):
            def setUp(self):
                self.session = make()
                app.dependency_overrides[get_db] = lambda: self.session  # <- shared-session

            def test_root(self):
                assert client.get("/").json() == {}
    """,
}

EVENTS = {
    "app.py": """
        from fastapi import FastAPI

        app = FastAPI()


        @app.on_event("startup")
        async def start():
            pass
    """,
    "conftest.py": """
        import pytest
        from httpx import ASGITransport, AsyncClient

        from app import app

        pytest_plugins = ["behavior_gate"]


        @pytest.fixture
        def anyio_backend():
            return "asyncio"


        @pytest.fixture
        async def client():
            async with AsyncClient(
                transport=ASGITransport(app=app), base_url="http://test"  # <- lifespan-not-run
            ) as client:
                yield client
    """,
    "test_app.py": """
        import pytest


        @pytest.mark.anyio
        async def test_root(client):
            assert (await client.get("/")).status_code == 404
    """,
    "pytest.ini": """
        [pytest]
        filterwarnings =
            # <- ignored-warnings
            ignore
    """,
}

BOTH_MODES = {
    "conftest.py": """
        import pytest

        pytest_plugins = ["behavior_gate"]


        @pytest.fixture
        def anyio_backend():
            return "asyncio"
    """,
    "test_app.py": "async def test_it():\n    pass\n",
    "pytest.ini": """
        [pytest]
        asyncio_mode = auto
        # <- two-auto-modes
        anyio_mode = auto
    """,
}

# Each way to run a test, with what the suite has around its own.
WAYS = {
    "conftest.py": """
        import asyncio
        import inspect

        import pytest

        pytest_plugins = ["behavior_gate"]


        @pytest.fixture
        def anyio_backend():
            return "asyncio"


        def pytest_addoption(parser):
            parser.addoption("--json", action="store_true", help="an option of the suite")


        def pytest_collection_modifyitems(items):
            for item in items:
                if item.path.name == "test_marked.py":
                    item.add_marker(pytest.mark.asyncio(loop_scope="module"))


        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call(pyfuncitem):
            if pyfuncitem.get_closest_marker("by_hook"):
                assert inspect.iscoroutinefunction(pyfuncitem.obj)
                asyncio.run(pyfuncitem.obj())
                return True
    """,
    "pytest.ini": "[pytest]\nmarkers = by_hook\n",
    "test_marked.py": "async def test_it():\n    pass\n",
    "test_hook.py": """
        import pytest

        pytestmark = pytest.mark.by_hook


        async def test_it():
            pass
    """,
    "test_ways.py": """
        import asyncio
        import unittest

        import pytest
        from starlette.applications import Starlette
        from starlette.testclient import TestClient

        client = TestClient(Starlette())


        @pytest.mark.anyio
        async def test_anyio():
            pass


        @pytest.mark.skip(reason="the first of its kind")
        @pytest.mark.anyio
        async def test_another():
            pass


        class TestUnit(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                pass

            def test_loop(self):
                loop = asyncio.new_event_loop()
                loop.run_until_complete(asyncio.sleep(0))
                loop.close()


        def test_client():
            assert client.get("/").status_code == 404


        def test_run():
            asyncio.run(asyncio.sleep(0))

    """,
}
NAMES_OF_WAYS = {
    "pytest-asyncio, a loop per module": 1,
    "a hook of the suite": 1,
    "the plugin of anyio": 2,
    "unittest.IsolatedAsyncioTestCase": 1,
    "new_event_loop()": 1,
    "TestClient": 1,
    "asyncio.run()": 1,
}

ON_UVLOOP = {
    "conftest.py": """
        import pytest

        pytest_plugins = ["behavior_gate"]


        @pytest.fixture
        def event_loop_policy():
            import uvloop

            return uvloop.EventLoopPolicy()


        @pytest.fixture(params=["asyncio", "trio"])
        def anyio_backend(request):
            return request.param
    """,
    "pytest.ini": "[pytest]\nasyncio_default_test_loop_scope = function\n",
    "test_loops.py": """
        import pytest


        @pytest.mark.asyncio
        async def test_on_uvloop():
            pass


        @pytest.mark.anyio
        async def test_on_both():
            pass
    """,
}


@pytest.fixture(scope="module")
def bad(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return plant(tmp_path_factory.mktemp("bad") / "shop", installed, BAD)


@pytest.fixture(scope="module")
def diagnosis_of_bad(bad: Project) -> dict[str, Any]:
    return examine(bad)


def test_each_known_mistake_is_found_at_its_line(
    bad: Project, diagnosis_of_bad: dict[str, Any]
) -> None:
    assert told(diagnosis_of_bad) == marked(bad)


def test_each_check_has_a_planted_mistake() -> None:
    planted = [BAD, SHARED, EVENTS, BOTH_MODES]
    texts = "".join(text for files in planted for text in files.values())

    assert {
        check for check in CHECKS if not re.search(rf"{MARK}[\w -]*\b{check}\b", texts)
    } == set()


def test_what_is_found_comes_with_its_fix(diagnosis_of_bad: dict[str, Any]) -> None:
    fixes = {check.id: check.fix for check in load("doctor.checks").CHECKS}
    lost_commit = "hides a commit that the app forgets"

    assert all(one["fix"] == fixes[one["check"]] for one in diagnosis_of_bad["problems"])
    (shared, _) = [one for one in diagnosis_of_bad["problems"] if one["check"] == "shared-session"]
    assert (
        shared["what"]
        == f"each request gets the session `session` of the test, which {lost_commit}"
    )
    assert [one["filter"] for one in diagnosis_of_bad["narrow_filters"]] == [
        "ignore:coroutine 'Mock' was never awaited:RuntimeWarning"
    ]


@pytest.mark.parametrize("files", [SHARED, EVENTS, BOTH_MODES], ids=["class", "events", "modes"])
def test_other_forms_of_the_mistakes_are_found(
    files: dict[str, str], installed: Project, tmp_path: Path
) -> None:
    project = plant(tmp_path / "project", installed, files)

    assert told(examine(project)) == marked(project)


@pytest.mark.parametrize("files", [GOOD, TESTED_BY_CLIENT], ids=["asyncio", "client"])
def test_a_good_suite_is_clean_and_nothing_is_written(
    files: dict[str, str], installed: Project, tmp_path: Path
) -> None:
    project = plant(tmp_path / "project", installed, files)
    before = contents(project)

    diagnosis = examine(project)

    assert diagnosis["problems"] == diagnosis["blind_spots"] == []
    assert diagnosis["ways"]
    for way in diagnosis["ways"]:
        assert way["verdicts"] == dict.fromkeys(RULES, "caught")
    assert contents(project) == before


def contents(project: Project) -> dict[str, str]:
    """The files of a repository, but for the bytecode of what was imported."""
    return {
        str(path): path.read_text(encoding="utf-8")
        for path in project.path.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_defects_are_planted_in_each_way_to_run_a_test(
    installed: Project, tmp_path: Path
) -> None:
    project = plant(tmp_path / "project", installed, WAYS)

    diagnosis = examine(project)

    assert diagnosis["problems"] == diagnosis["blind_spots"] == []
    assert {way["name"]: way["tests"] for way in diagnosis["ways"]} == NAMES_OF_WAYS
    for way in diagnosis["ways"]:
        assert (way["loop"], way["is_watched"]) == (LOOP, True), way
        assert way["verdicts"] == dict.fromkeys(RULES, "caught"), way


def test_the_defects_are_missed_where_the_loop_of_the_suite_is_not_watched(
    installed: Project, tmp_path: Path
) -> None:
    project = plant(tmp_path / "project", installed, ON_UVLOOP)
    doctor = ["pytest", "--gate-doctor", "--json"]

    done = project.uv("run", f"--project={installed.path}", "--with=uvloop", "--with=trio", *doctor)
    tested = project.uv(
        *("run", f"--project={installed.path}", "--with=uvloop", "--with=trio"),
        *("pytest", "--gate-selftest"),
    )

    assert done.returncode == 1, done.stderr
    diagnosis = json.loads(done.stdout)
    ways = {(way["name"], way["loop"]): way for way in diagnosis["ways"]}
    on_uvloop = ways["pytest-asyncio, a loop per function", "uvloop.Loop"]
    assert {on_uvloop["verdicts"][rule] for rule in RULES if rule.startswith("slow.")} == {"MISSED"}
    assert on_uvloop["verdicts"]["blocking.sleep"] == "MISSED"
    assert on_uvloop["verdicts"]["requests.hang"] == "not tried"
    assert ways["the plugin of anyio", LOOP]["verdicts"] == dict.fromkeys(RULES, "caught")
    # The same tests run on asyncio as well.
    assert ways["the plugin of anyio", "trio"]["verdicts"] == dict.fromkeys(RULES, "not tried")
    (blind,) = diagnosis["blind_spots"]
    assert (blind["path"], blind["line"]) == ("conftest.py", 11)
    assert blind["what"] == (
        "1 test (pytest-asyncio, a loop per function) runs on a loop that the gate can't watch"
        " (uvloop.Loop)"
    )
    # The self-test has a loop of its own, and so sees all of them.
    assert tested.returncode == 0


def test_what_is_off_or_not_installed_is_no_miss(installed: Project, tmp_path: Path) -> None:
    files = {
        "conftest.py": """
            import sys

            sys.modules["sqlalchemy"] = sys.modules["fastapi"] = sys.modules["starlette"] = None
            pytest_plugins = ["behavior_gate"]
        """,
        "test_it.py": """
            import pytest

            pytestmark = [
                pytest.mark.asyncio,
                pytest.mark.gate_allow("blocking.sleep", reason="that is what it does"),
            ]


            async def test_it():
                pass
        """,
    }
    project = plant(tmp_path / "project", installed, files)

    diagnosis = examine(project)

    ((_, verdicts),) = [(way["name"], way["verdicts"]) for way in diagnosis["ways"]]
    assert diagnosis["count"] == 0
    assert verdicts.pop("blocking.sleep") == "off"
    assert {rule for rule in verdicts if rule.startswith("database.")} < {
        rule for rule, verdict in verdicts.items() if verdict == "not installed"
    }
    assert set(verdicts.values()) == {"caught", "not installed"}


def test_a_suite_that_does_not_run_here_is_said(installed: Project, tmp_path: Path) -> None:
    files = {
        "conftest.py": """
            import pytest

            pytest_plugins = ["behavior_gate"]


            @pytest.fixture(autouse=True)
            def database():
                raise OSError("could not connect")
        """,
        "test_it.py": "async def test_it():\n    pass\n",
        "test_broken.py": "import nothing_of_this_name\n",
        "pytest.ini": "[pytest]\nasyncio_mode = auto\naddopts = --gate=off\n",
    }
    project = plant(tmp_path / "project", installed, files)

    diagnosis = examine(project)

    name = "No module named 'nothing_of_this_name'"
    assert {one["check"]: one["what"] for one in diagnosis["problems"]} == {
        "not-collected": f"test_broken.py can't be collected: ModuleNotFoundError: {name}",
        "gate-off": "the gate is off",
    }
    (blind,) = diagnosis["blind_spots"]
    assert (blind["path"], blind["line"]) == ("test_it.py", 1)
    assert blind["what"].endswith("failed in setup: OSError: could not connect")


def test_the_text_is_plain_and_fits_80_columns(bad: Project) -> None:
    done = run_doctor(bad, "-s", "-v")

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "Versions"
    assert lines[-1] == f"{len(marked(bad))} problems found"
    assert max(map(len, lines)) <= 80
    assert "  gate_timeout                        0           pyproject.toml:9" in done.stdout
    assert re.search(r"^  pytest +\d[\d.]* +ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^  blocking\.sleep +caught$", done.stdout, re.MULTILINE)
    assert dedent("""\
          conftest.py:59: httpx 0.28 has removed AsyncClient(app=...) [client-app]
            Fix: pass the app through a transport:
                 httpx.AsyncClient(transport=httpx.ASGITransport(app)).
    """) in done.stdout.replace("\n  ", "\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gate-doctor", "nowhere.py"], "file or directory not found: nowhere.py"),
        (["--gate-doctor", "--gate-selftest"], "--gate-doctor and --gate-selftest: choose one"),
        (["--json"], "unrecognized arguments: --json"),
    ],
)
def test_bad_usage_is_said_in_a_line(options: list[str], says: str, bad: Project) -> None:
    python = f"{bad.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"

    done = bad.run(python, "-m", "pytest", *options)

    assert done.returncode == 4
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_usual_run_does_not_load_the_doctor(installed: Project, tmp_path: Path) -> None:
    files = {
        "conftest.py": """
            import sys

            pytest_plugins = ["behavior_gate"]


            def pytest_addoption(parser):
                parser.addoption("--json", metavar="FILE", help="an option of the suite")


            def pytest_unconfigure():
                prefix = "behavior_gate.doctor"
                print(sorted(name for name in sys.modules if name.startswith(prefix)))
        """,
        "test_it.py": "def test_it():\n    pass\n",
    }
    project = plant(tmp_path / "project", installed, files)
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"

    done = project.run(python, "-m", "pytest", "--json=report.json")
    doctor = run_doctor(project)

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "['behavior_gate.doctor']"
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert "\nWho runs the tests\n  no test runs an event loop\n" in doctor.stdout
    assert doctor.stdout.endswith("\nNothing found.\n")


def test_the_baked_project_is_clean(installed: Project) -> None:
    done = installed.uv("run", "pytest", "--gate-doctor", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    diagnosis = json.loads(done.stdout)
    assert diagnosis["problems"] == diagnosis["blind_spots"] == []
    (way,) = diagnosis["ways"]
    assert (way["name"], way["loop"]) == ("pytest-asyncio, a loop per session", LOOP)
    assert way["verdicts"] == dict.fromkeys(RULES, "caught")
