"""The lists of the gate name what exists, and nothing that nothing needs."""

import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import Done, Project
from gate import load

TESTS = Path(__file__).parent
CALLS = load("detectors.blocking.calls")
EXCUSED = load("excused").EXCUSED
# What the lists name, and no project has.
LIBRARIES = (
    *("bcrypt", "httpx2", "ipython", "mysql-connector-python", "oracledb", "psycopg[binary]"),
    *("psycopg2-binary", "pwdlib", "pymssql", "pymysql", "werkzeug"),
)
# Rows that no good code can need each time.
NOT_TRIED = {
    # These wait longer than the grace for a lock on a busy machine only.
    *("threading.py:start", "concurrent/futures/thread.py:submit", "concurrent/futures/process.py"),
    # Since Python 3.13.
    "<frozen linecache>",
    # Tools around the test.
    *("_pytest/", "bdb.py", "pdb.py", "debugger", "IPython/"),
}


def listed_names(project: Project) -> Done:
    libraries = [f"--with={library}" for library in LIBRARIES]
    script = str(TESTS / "listed_names.py")
    return project.uv("run", "--frozen", "--no-sync", *libraries, "python", script)


def test_each_name_in_the_lists_exists(installed: Project) -> None:
    done = listed_names(installed)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_name_that_does_not_exist_is_told(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "project")
    for name, old, new in (
        ("excused.py", '"threading.py:start"', '"threading.py:begin"'),
        ("excused.py", '"inspect.py"', '"inspected.py"'),
        ("detectors/blocking/calls.py", '"time", "sleep"', '"time", "doze"'),
        ("detectors/blocking/calls.py", "hash_secret_raw", "hash_secret_cooked"),
    ):
        path = project.path / "tests/behavior_gate" / name
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    done = listed_names(project)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "time.doze",
        "argon2.low_level.hash_secret_cooked",
        "inspected.py",
        "threading.py:begin",
    ]


def test_what_blockbuster_blocks_the_gate_blocks_too(installed: Project) -> None:
    script = "import blockbuster; print(*blockbuster.BlockBuster().functions)"
    options = ("--frozen", "--no-sync", "--with=blockbuster")
    names = set(installed.succeed("run", *options, "python", "-c", script).split())

    # What does not wait, and what is watched by another name.
    names -= {"os.getcwd", "os.path.abspath", "os.path.samestat", "os.path.sameopenfile"}
    names -= {"threading.Lock.acquire", "threading.Lock.acquire_lock"}
    assert names <= {call.name for call in CALLS.STANDARD_LIBRARY}


def test_no_function_is_listed_twice() -> None:
    names = [(call.module, call.function) for call in CALLS.STANDARD_LIBRARY + CALLS.LIBRARIES]

    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def needed(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The rows without which good code would be flagged."""
    project = installed.copy(tmp_path_factory.mktemp("needed") / "my_backend")
    shutil.copy(TESTS / "needed_rows.py", project.path / "tests")
    for path in (TESTS / "good/blocking").glob("*.py"):
        shutil.copy(path, project.path / "app" / path.name)
        test = path.with_name(f"{path.stem}_test.py")
        if test.exists():
            plant(project, path.stem, test.read_text("utf-8"))
        elif not path.stem.endswith("_test"):
            plant(project, path.stem, TEST)
    project.succeed(
        *("run", "--frozen", "python", "-m", "pytest", "tests/good", "--cov=app"),
        # pytest warns that the gate is imported before its asserts can be rewritten.
        *("-Wdefault", "-p", "tests.needed_rows"),
    )
    return set(json.loads(project.read("needed.json")))


TEST = """\
import httpx
from fastapi import FastAPI

from .name import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap")
    assert response.status_code == 200
"""


def plant(project: Project, name: str, test: str) -> None:
    folder = project.path / "tests/good"
    folder.mkdir(exist_ok=True)
    test = re.sub(r"^from \.\w+ import", f"from app.{name} import", test, flags=re.MULTILINE)
    (folder / f"test_{name}.py").write_text(test, "utf-8")


@pytest.mark.parametrize(
    "path",
    sorted(
        row.path
        for row in EXCUSED
        if row.path not in NOT_TRIED and any(rule.family == "blocking" for rule in row.rules)
    ),
)
def test_good_code_needs_each_row_of_what_may_block(path: str, needed: set[str]) -> None:
    assert path in needed
