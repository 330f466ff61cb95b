"""What the gate can't watch, it says: in the summary, in the report, and by the exit code."""

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from support.gate import load
from support.project import TEMPLATE, Done, Project

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
RULES = [rule.id for rule in load("rules").RULES]

# What a newer version of Python, asyncio or a library may do: rename what nobody promised.
GONE = {
    "warnings._warn_unawaited_coroutine": (
        "import warnings; del warnings._warn_unawaited_coroutine",
        "warnings",
    ),
    "anyio.from_thread.start_blocking_portal": (
        "import anyio.from_thread; del anyio.from_thread.start_blocking_portal",
        "the loops of anyio",
    ),
    "anyio.from_thread.BlockingPortal.__aenter__": (
        "import anyio.from_thread; del anyio.from_thread.BlockingPortal.__aenter__",
        "the loops of anyio",
    ),
}


def plant(folder: Path, environment: dict[str, str], before: str) -> Project:
    """Make a project of one test, whose conftest does something before it loads the gate."""
    shutil.copytree(GATE, folder / "behavior_gate")
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    (folder / "test_nothing.py").write_text(
        dedent("""\
            import asyncio

            async def test_nothing() -> None:
                await asyncio.sleep(0)
            """),
        encoding="utf-8",
    )
    (folder / "conftest.py").write_text(
        f'{before}\n\npytest_plugins = ["behavior_gate"]\n', encoding="utf-8"
    )
    return Project(folder, environment)


def run_pytest(project: Project, *options: str) -> Done:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    # Wide enough that no line is wrapped.
    return project.run(python, "-m", "pytest", "--gate-report=gate.json", *options, COLUMNS="300")


def verdicts(output: str) -> dict[str, str]:
    line = r"^([a-z]+\.[a-z0-9-]+) +(caught|MISSED|not installed)$"
    return dict(re.findall(line, output, re.MULTILINE))


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "workers"])
@pytest.mark.parametrize("name", GONE)
def test_a_name_that_is_gone_is_a_blind_spot(
    name: str, workers: tuple[str, ...], installed: Project, tmp_path: Path
) -> None:
    before, lost = GONE[name]
    project = plant(tmp_path / "project", installed.environment, before)
    text = f"{name} does not exist in this version, so that the gate can't watch {lost}"

    lax = run_pytest(project, *workers)
    report = json.loads(project.read("gate.json"))
    strict = run_pytest(project, *workers, "--override-ini=gate_strict=true")

    assert lax.returncode == 0, lax.stdout
    assert strict.returncode == 1
    for done in (lax, strict):
        assert f"behavior gate: blind spot: {text}" in done.stdout.splitlines()
    assert report["blind_spots"] == [text]
    assert report["findings"] == []


@pytest.mark.parametrize("name", GONE)
def test_the_selftest_fails_where_a_name_is_gone_even_if_no_plant_needs_it(
    name: str, installed: Project, tmp_path: Path
) -> None:
    before, _ = GONE[name]
    project = plant(tmp_path / "project", installed.environment, before)

    done = run_pytest(project, "--gate-selftest")

    assert done.returncode == 1
    assert verdicts(done.stdout) == dict.fromkeys(RULES, "caught")


def test_the_selftest_passes_where_nothing_is_missing(installed: Project, tmp_path: Path) -> None:
    project = plant(tmp_path / "project", installed.environment, "")

    done = run_pytest(project, "--gate-selftest")

    assert done.returncode == 0, done.stdout
    assert verdicts(done.stdout) == dict.fromkeys(RULES, "caught")


def test_a_library_that_nothing_imports_is_no_blind_spot(
    installed: Project, tmp_path: Path
) -> None:
    before = 'import sys; sys.modules["sqlalchemy"] = None'
    project = plant(tmp_path / "project", installed.environment, before)

    done = run_pytest(project, "--override-ini=gate_strict=true")
    tested = run_pytest(project, "--gate-selftest")

    assert done.returncode == 0, done.stdout
    assert json.loads(project.read("gate.json"))["blind_spots"] == []
    assert tested.returncode == 0, tested.stdout
    said = verdicts(tested.stdout)
    assert list(said) == RULES
    assert {name for name, verdict in said.items() if verdict == "MISSED"} == set()
    missing = {name for name, verdict in said.items() if verdict == "not installed"}
    assert {name for name in RULES if name.startswith("database.")} < missing
    assert not any(name.startswith(("blocking.", "slow.", "tasks.")) for name in missing)


SHOP = """\
    from fastapi import Depends, FastAPI
    from sqlalchemy import StaticPool, create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )


    class Base(DeclarativeBase): ...


    class Note(Base):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)


    def get_db():
        with Session(engine) as session:
            yield session


    app = FastAPI()


    @app.post("/notes")
    def forget(db: Session = Depends(get_db)):
        db.add(Note())
        db.flush()
    """
SHARING = """\
    import httpx
    import pytest
    from sqlalchemy.orm import Session

    from shop import Base, app, engine, get_db

    allow = pytest.mark.gate_allow


    @pytest.fixture
    def session():
        Base.metadata.create_all(engine)
        with Session(engine) as session:  # made here
            yield session


    @pytest.fixture
    async def client(session):
        def own_session():
            with Session(session.connection()) as own:
                yield own

        app.dependency_overrides[get_db] = lambda: session
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
        app.dependency_overrides.clear()


    async def test_nothing_is_found(client):
        assert (await client.post("/notes")).status_code == 200


    @allow("database.lost-commit", reason="nobody can see it")
    async def test_what_is_hidden_may_be_allowed(client):
        assert (await client.post("/notes")).status_code == 200


    @allow("database.session-leak", reason="none")
    async def test_what_is_not_hidden_is_judged(client):
        assert (await client.post("/notes")).status_code == 200
    """


def sharing(folder: Path, environment: dict[str, str]) -> Project:
    """Make a project whose app and tests share a session, in two modules of tests."""
    project = plant(folder, environment, "")
    for name, text in (
        ("shop.py", SHOP),
        ("test_notes.py", SHARING),
        ("test_others.py", SHARING),
    ):
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return project


@pytest.mark.parametrize("workers", [(), ("-n2", "--dist=loadfile")], ids=["alone", "workers"])
def test_one_session_for_app_and_test_is_said_once_and_hides_one_rule(
    workers: tuple[str, ...], installed: Project, tmp_path: Path
) -> None:
    project = sharing(tmp_path / "project", installed.environment)
    (line,) = (n for n, text in enumerate(SHARING.splitlines(), 1) if "# made here" in text)

    done = run_pytest(project, *workers, "-p", "no:randomly")

    said = [text for text in done.stdout.splitlines() if "blind spot" in text]
    assert len(said) == 1
    (module,) = re.findall(r"\((test_\w+\.py):\d+ in session\)", said[0])
    assert module == "test_notes.py" or workers
    assert said[0] == (
        "behavior gate: blind spot: the app and the test share one session"
        f" ({module}:{line} in session), so that a forgotten commit is not seen. Fix: give each"
        " request a session of its own on the connection of the test, with"
        ' join_transaction_mode="create_savepoint"'
    )
    assert json.loads(project.read("gate.json"))["findings"] == []
    assert "7 passed, 2 errors in" in done.stdout
    assert '@pytest.mark.gate_allow("database.session-leak") allowed nothing' in done.stdout
    assert '"database.lost-commit") allowed nothing' not in done.stdout


def test_a_session_for_each_request_hides_nothing(installed: Project, tmp_path: Path) -> None:
    project = sharing(tmp_path / "project", installed.environment)
    test = project.path / "test_notes.py"
    text = test.read_text(encoding="utf-8")
    test.write_text(text.replace("lambda: session", "own_session"), encoding="utf-8")

    done = run_pytest(project, "test_notes.py::test_nothing_is_found")

    assert "blind spot" not in done.stdout
    (finding,) = json.loads(project.read("gate.json"))["findings"]
    assert (finding["rule"], finding["path"]) == ("database.lost-commit", "shop.py")


COMPUTES = """\
import time

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def compute(request):
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(1000))
    return PlainTextResponse("done")


app = Starlette(routes=[Route("/", compute)])
"""
COMPUTED = """\
import asyncio

import httpx

from computes import app


async def test_computes(pytestconfig) -> None:
    await asyncio.sleep(0.1)
    {stop}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        assert (await client.get("/")).text == "done"
"""
STOP = 'pytestconfig.pluginmanager.get_plugin("behavior gate")._watchdog.stop()'


@pytest.mark.parametrize(
    ("stop", "told"),
    [("", "slow.cpu\n"), (STOP, "1 test watched by 7 detectors, nothing found\n")],
    ids=["watched", "nobody looks"],
)
def test_time_is_blamed_on_nobody_while_nobody_looks(
    installed: Project, tmp_path: Path, stop: str, told: str
) -> None:
    project = plant(tmp_path / "project", installed.environment, "")
    (project.path / "computes.py").write_text(COMPUTES, encoding="utf-8")
    test = COMPUTED.format(stop=stop)
    (project.path / "test_nothing.py").write_text(test, encoding="utf-8")

    done = run_pytest(project)

    assert f"behavior gate: {told}" in done.stdout
