"""The lists of the gate name what exists, and nothing that nothing needs."""

import json
import os
import shutil
from pathlib import Path

import pytest
from support.gate import load
from support.listed_names import LISTED
from support.project import Done, Project
from support.traps import GOOD, LIBRARIES
from test_gate import PACKAGES

SUPPORT = Path(__file__).parent / "support"
CALLS = load("detectors.blocking.calls")
EXCUSED = load("excused").EXCUSED
# Rows that no good code can need each time.
NOT_TRIED = {
    # These wait longer than the grace for a lock on a busy machine only.
    *("threading.py:start", "concurrent/futures/thread.py:submit", "concurrent/futures/process.py"),
    # Since Python 3.13.
    "<frozen linecache>",
    # Tools around the test.
    *("_pytest/", "bdb.py", "pdb.py", "debugger", "IPython/"),
    # Looks at each file once, which may be before a loop runs.
    "coverage/",
}


def listed_names(project: Project) -> Done:
    libraries = [f"--with={library}" for library in LISTED]
    script = str(SUPPORT / "listed_names.py")
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
    shutil.copy(SUPPORT / "needed_rows.py", project.path)
    for case in GOOD:
        if case.family == "blocking":
            case.write(project.path)
    project.succeed(
        "run",
        *(f"--with={package}" for package in PACKAGES),
        *("pytest", "tests/traps", "--cov=app", "-p", "needed_rows"),
        # pytest warns that the gate is imported before its asserts can be rewritten.
        "-Wdefault",
        PYTHONPATH=os.pathsep.join([str(LIBRARIES), str(project.path)]),
    )
    return set(json.loads(project.read("needed.json")))


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
