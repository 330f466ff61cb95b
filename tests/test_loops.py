"""Does the gate bite on every loop: each way to run one in a test, each with a defect of each kind.

The project has nothing of ours but the gate itself.
"""

import json
import re
import shutil
from collections import defaultdict
from typing import Any

import pytest
from support.project import TEMPLATE, Project

LOOPS = TEMPLATE / "tests/loops"
GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
IGNORED = shutil.ignore_patterns("__pycache__", ".*")
SETTINGS = """
[pytest]
addopts = -p no:randomly -p no:cacheprovider -rA
gate_timeout = 1
pythonpath = .
"""

WAYS = (
    *("asyncio_run", "asyncio_run_without_debug", "runner", "shared_runner", "own_loop", "fixture"),
    "fixture_elsewhere",
    *("anyio_run", "unittest", "anyio", "anyio_with_wide_fixture", "anyio_fixture"),
    *("function_loop", "module_loop", "session_loop", "asyncio_fixture", "auto"),
    *("client", "open_client", "shared_client", "websocket", "client_in_async_test"),
)
#: The rule that each marked line breaks, and the number of the line.
DEFECTS = {
    line.partition("# BAD: ")[2]: number
    for number, line in enumerate((LOOPS / "shop.py").read_text().splitlines(), start=1)
    if "# BAD: " in line
}


class Run:
    """What pytest and the gate said of the tests in one file."""

    def __init__(self, project: Project, installed: Project, file: str, *options: str) -> None:
        done = project.uv(
            *("run", f"--project={installed.path}", "--with=uvloop", "--with=trio"),
            *("pytest", file, "--gate-report=gate.json", *options),
            timeout=120,
        )
        self.code, self.output = done.returncode, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(project.read("gate.json"))
        self.blind_spots = report["blind_spots"]
        self.findings: dict[str | None, list[tuple[str, str, int]]] = defaultdict(list)
        for found in report["findings"]:
            place = found["rule"], found["path"], found["line"]
            self.findings[found["test"]].append(place)
        lines = re.findall(r"^(PASSED|FAILED|ERROR) (\S+)", self.output, re.MULTILINE)
        #: A test that fails at its end has passed before.
        self.bad = {test for outcome, test in lines if outcome != "PASSED"}
        self.good = {test for _, test in lines} - self.bad


@pytest.fixture(scope="module")
def project(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    path = tmp_path_factory.mktemp("loops") / "shop"
    shutil.copytree(LOOPS, path, ignore=IGNORED)
    shutil.copytree(GATE, path / "tests/behavior_gate", ignore=IGNORED)
    (path / "pytest.ini").write_text(SETTINGS)
    return Project(path, installed.environment)


@pytest.fixture(scope="module")
def run(project: Project, installed: Project) -> Run:
    # Most of them only wait for the end of a hang.
    return Run(project, installed, "tests/test_ways.py", "-n3")


@pytest.fixture(scope="module")
def auto(project: Project, installed: Project) -> Run:
    # A fixture for one test has a loop of its own, beside that of the session.
    settings = {"asyncio_mode": "auto", "asyncio_default_fixture_loop_scope": "function"}
    options = [f"--override-ini={name}={value}" for name, value in settings.items()]
    return Run(project, installed, "tests/test_auto.py", *options)


def name_of(way: str, defect: str) -> str:
    if way == "unittest":
        return f"tests/test_ways.py::TestUnittest::test_{re.sub('[.-]', '_', defect)}"
    file = "test_auto" if way == "auto" else "test_ways"
    return f"tests/{file}.py::test_{way}[{defect}]"


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_defect_fails_its_own_test_and_the_finding_names_the_line(
    run: Run, auto: Run, way: str, defect: str
) -> None:
    of_way, test = auto if way == "auto" else run, name_of(way, defect)

    assert test in of_way.bad, of_way.output
    assert of_way.findings[test] == [(defect, "shop.py", DEFECTS[defect])]


@pytest.mark.parametrize("way", WAYS)
def test_good_code_passes(run: Run, auto: Run, way: str) -> None:
    of_way, test = auto if way == "auto" else run, name_of(way, "none")

    assert test in of_way.good, of_way.output
    assert of_way.findings[test] == []


@pytest.mark.parametrize("name", ["command_of_the_application", "refusing_application"])
def test_what_the_application_does_with_its_own_loop_is_its_own_affair(run: Run, name: str) -> None:
    assert f"tests/test_ways.py::test_{name}" in run.good, run.output


def test_there_is_no_other_finding_and_no_blind_spot(run: Run, auto: Run) -> None:
    ways = [way for way in WAYS if way != "auto"]
    expected = {name_of(way, defect) for way in ways for defect in DEFECTS}

    assert {test for test, found in run.findings.items() if found} == expected
    assert run.blind_spots == auto.blind_spots == []


OWN = "1 test ran on a loop that the gate can't watch (tests)"
UVLOOP = "5 tests ran on a loop that the gate can't watch (uvloop)"
TRIO = "3 tests ran on a loop that the gate can't watch (trio)"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["-n2", "--override-ini=gate_strict=true"], 1),
    ],
    ids=["default", "strict-in-two-processes"],
)
def test_loops_that_cannot_be_watched_are_said(
    project: Project, installed: Project, options: list[str], code: int
) -> None:
    run = Run(project, installed, "tests/test_foreign.py", *options)

    assert run.code == code, run.output
    assert "11 passed" in run.output
    assert sorted(run.blind_spots) == [OWN, TRIO, UVLOOP]
    for text in (OWN, UVLOOP, TRIO):
        assert f"behavior gate: blind spot: {text}\n" in run.output


def test_findings_in_a_unittest_are_shown(project: Project, installed: Project) -> None:
    run = Run(project, installed, "tests/test_unittest.py")

    assert run.bad == {
        f"tests/test_unittest.py::TestErrors::test_{name}"
        for name in ("block", "hang", "fail", "skip")
    }
    # The error of the gate's own is not shown, that of the test is.
    assert "BlockingError" not in run.output
    assert "BrokenOff" not in run.output
    assert "AssertionError: of the test" in run.output
    for rule in ("blocking.sleep", "requests.hang", "tasks.leaked"):
        assert f"behavior gate: {rule}\n" in run.output


def test_a_test_that_waits_for_a_loop_which_has_ended_is_ended(
    project: Project, installed: Project
) -> None:
    run = Run(project, installed, "tests/test_gone.py")

    (line,) = (
        number
        for number, text in enumerate(project.read("tests/test_gone.py").splitlines(), 1)
        if "portal.call" in text and number < 24
    )
    assert run.bad == {"tests/test_gone.py::test_gone"}, run.output
    assert run.good == {"tests/test_gone.py::test_next"}, run.output
    assert run.findings == {
        "tests/test_gone.py::test_gone": [("requests.hang", "tests/test_gone.py", line)]
    }


def test_a_request_that_fails_elsewhere_belongs_to_the_test_that_made_it(
    project: Project, installed: Project
) -> None:
    file = "tests/test_elsewhere.py"
    run = Run(project, installed, file)

    late, after, between = (
        (text.rpartition(": ")[2], "shop.py", number)
        for number, text in enumerate(project.read("shop.py").splitlines(), 1)
        if "# LATE: " in text or "# AFTER: " in text or "# BETWEEN: " in text
    )
    went_on = f"{file}::test_its_work_goes_on"
    assert run.findings == {
        f"{file}::test_its_answer_came_before_its_error": [late],
        went_on: [after],
        f"{file}::test_fails_between_its_phases": [between],
        None: [between],
    }
    assert run.bad == set(run.findings) - {went_on, None}, run.output
    assert len(run.good) == 7, run.output
    assert f"  After the end of {went_on}, which has begun it\n" in run.output


def test_a_finding_outside_any_test_fails_the_run(project: Project, installed: Project) -> None:
    run = Run(project, installed, "tests/test_elsewhere.py", "-k", "after_its_end")

    assert run.code == 1, run.output
    assert "1 passed" in run.output
    assert "= behavior gate: outside any test =" in run.output
    assert "behavior gate: requests.5xx\n" in run.output
    assert "GET / returned 500: LookupError: nobody asserts it" in run.output
