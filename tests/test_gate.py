"""The gate bites, and only what is bad: every trap is planted in a baked project and run."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.gate import load
from support.project import Project
from support.shop import plant_shop, run_pytest
from support.traps import GOOD, LIBRARIES, TRAPS, Case, Trap

DETECTORS = ("blocking", "slow", "tasks", "warnings", "requests", "database", "secrets")
# Packages that only the traps use.
PACKAGES = (
    *(
        "babel",
        "bcrypt",
        "dependency-injector",
        "jinja2",
        "loguru",
        "opentelemetry-sdk",
        "prometheus-client",
        "psycopg[binary]",
        "psycopg2-binary",
    ),
    *("requests", "sentry-sdk", "slowapi", "sse-starlette", "structlog"),
)
SHORT_HANGS = "--override-ini=gate_timeout=2"


class Run:
    """What pytest and the gate said of the planted cases."""

    def __init__(self, project: Project, cases: list[Case], *options: str) -> None:
        self.project = project
        for case in cases:
            case.write(project.path)
        self.done = project.uv(
            "run",
            *(f"--with={package}" for package in PACKAGES),
            "pytest",
            "tests/traps",
            "--gate-report=gate.json",
            "--junitxml=junit.xml",
            *options,
            timeout=600,
            PYTHONPATH=str(LIBRARIES),
        )
        self.output = self.done.stdout + self.done.stderr
        self.findings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for finding in json.loads(project.read("gate.json"))["findings"]:
            self.findings[finding["test"]].append(finding)
        self.outcomes: dict[str, str] = {}
        self.junit = list(ElementTree.parse(project.path / "junit.xml").iter("testcase"))
        for element in self.junit:
            path = str(element.get("classname")).replace(".", "/") + ".py"
            bad = [child.tag for child in element if child.tag in {"failure", "error", "skipped"}]
            test = f"{path}::{element.get('name')}"
            self.outcomes[test] = bad[0] if bad else self.outcomes.get(test, "passed")


def planted(installed: Project, factory: pytest.TempPathFactory, name: str) -> Project:
    return installed.copy(factory.mktemp(name) / "my_backend")


@pytest.fixture(scope="module")
def trapped(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(planted(installed, tmp_path_factory, "traps"), list(TRAPS), SHORT_HANGS)


@pytest.fixture(scope="module")
def spared(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(planted(installed, tmp_path_factory, "good"), GOOD)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_fails_its_own_test_and_the_message_names_the_line(trap: Trap, trapped: Run) -> None:
    for test in trap.tests():
        assert trapped.outcomes[test] in {"failure", "error"}, trapped.output
        findings = trapped.findings[test]
        rules = {finding["rule"] for finding in findings}
        assert trap.rule in rules, f"{trap.rule} has missed {trap.name}"
        assert rules <= {trap.rule} | trap.also
        assert any(trap.says in finding["what"] for finding in findings)
        named = [f"{f['path']}:{f['line']}" for f in findings if f["rule"] == trap.rule]
        assert named == [trap.location()]
        assert f"at {trap.location()} in " in trapped.output


def line_of(run: Run, path: str, mark: str) -> str:
    lines = run.project.read(path).splitlines()
    (number,) = (number for number, text in enumerate(lines, 1) if text.endswith(mark))
    return f"{path}:{number}"


def test_a_hang_says_who_waits_for_whom_in_the_database(trapped: Run) -> None:
    app, test = "app/traps/hang_row_lock.py", "tests/traps/test_hang_row_lock.py"
    (finding,) = trapped.findings[f"{test}::test_concurrent_client"]

    assert finding["what"].splitlines()[2:] == [
        f"  POST /trap waits in PostgreSQL at {line_of(trapped, app, '# <-')} in trap"
        " (lock: transactionid): UPDATE users SET full_name=$1::VARCHAR",
        "    for the test, idle in transaction since"
        f" {line_of(trapped, test, '# holds')} in test_concurrent_client:"
        " SELECT users.id FROM users FOR UPDATE",
    ]


def test_a_hang_says_which_transactions_wait_for_one_lock(trapped: Run) -> None:
    app, test = "app/traps/hang_advisory_lock.py", "tests/traps/test_hang_advisory_lock.py"
    (finding,) = trapped.findings[f"{test}::test_concurrent_client"]

    assert finding["what"].splitlines()[-4:] == 2 * [
        f"  POST /trap waits in PostgreSQL at {line_of(trapped, app, '# waits')} in wait_for_it"
        " (lock: advisory): SELECT pg_advisory_xact_lock(1)",
        f"    for POST /trap, idle in transaction since {line_of(trapped, app, '# holds')} in trap:"
        " SELECT pg_advisory_xact_lock(1)",
    ]


def finding_of(run: Run, name: str) -> dict[str, Any]:
    (finding,) = run.findings[f"tests/traps/test_{name}.py::test_client"]
    return finding


def test_a_held_connection_is_told_with_the_line_that_took_it(trapped: Run) -> None:
    taken = line_of(trapped, "app/traps/hash_in_a_thread.py", "# takes it")

    assert finding_of(trapped, "hash_in_a_thread")["what"] == (
        f"POST /trap held a connection of the pool, taken at {taken} in trap,"
        " while it waited for work in a thread or process"
    )


def test_a_request_that_listens_is_told_where_to_listen_and_that_is_good(
    trapped: Run, spared: Run
) -> None:
    held = "tests/traps/test_listening_on_the_pool.py::test_concurrent_client"
    (finding,) = trapped.findings[held]

    assert finding["fix"].endswith("; LISTEN in the lifespan, on one connection for all requests")
    good = "tests/traps/test_listening_in_the_lifespan.py::test_concurrent_client"
    assert spared.outcomes[good] == "passed"


def test_a_file_that_is_read_anew_is_told_with_who_reads_it_and_when_to_read_it(
    trapped: Run,
) -> None:
    finding = finding_of(trapped, "settings_in_endpoint")

    assert finding["what"] == (
        "pydantic_settings.BaseSettings() blocks the event loop in os.stat()"
    )
    assert finding["why"] == "every other request waits until it returns"
    assert finding["rule"] == "blocking.file"


def test_a_task_of_a_library_that_the_user_can_end_is_told_with_who_started_it(
    trapped: Run,
) -> None:
    finding = finding_of(trapped, "task_of_a_client")

    assert finding["what"] == "task work() was still running when the test was over"


def test_nothing_but_the_traps_is_found(trapped: Run) -> None:
    found = {test for test, findings in trapped.findings.items() if findings}
    assert found == {test for trap in TRAPS for test in trap.tests()}


def test_the_run_goes_on_after_each_trap(trapped: Run) -> None:
    assert trapped.done.returncode == 1
    assert "INTERNALERROR" not in trapped.output


def test_the_junit_report_carries_the_findings(trapped: Run) -> None:
    (case,) = (c for c in trapped.junit if c.get("classname") == "tests.traps.test_sleep")
    (finding,) = case.iter("property")
    assert finding.get("name") == "behavior_gate"
    (trap,) = (trap for trap in TRAPS if trap.name == "sleep")
    assert finding.get("value") == (
        f"blocking.sleep: time.sleep() blocks the event loop at {trap.location()} in trap"
    )


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_good_code_passes(case: Case, spared: Run) -> None:
    for test in case.tests():
        assert spared.findings[test] == []
        assert spared.outcomes[test] == "passed", spared.output


def test_good_code_passes_in_two_processes_with_coverage_and_warnings_as_errors(
    installed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = planted(installed, tmp_path_factory, "modes")
    run = Run(project, GOOD, "--numprocesses=2", "--cov=app", "-Werror")

    assert run.done.returncode == 0, run.output
    assert set(run.outcomes.values()) == {"passed"}


def test_the_selftest_shows_that_each_rule_bites(installed: Project) -> None:
    output = installed.succeed("run", "--frozen", "pytest", "--gate-selftest")

    said = dict(re.findall(r"^([a-z]+\.\S+) +(caught|MISSED)$", output, re.MULTILINE))
    assert said == {rule.id: "caught" for rule in load("rules").RULES}


@pytest.mark.parametrize("out", [DETECTORS[::2], DETECTORS[1::2]], ids="-".join)
def test_a_detector_that_is_taken_out_of_the_table_is_missed_and_the_others_go_on(
    installed: Project, tmp_path: Path, out: tuple[str, ...]
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    table = project.path / "tests/behavior_gate/registry.py"
    text = table.read_text(encoding="utf-8")
    for detector in out:
        line = f"    {detector.capitalize()}Detector,\n"
        assert line in text
        text = text.replace(line, "")
    table.write_text(text, encoding="utf-8")
    # A hang is found by the watchdog itself.
    traps = [trap for trap in TRAPS if not trap.name.startswith("hang")]
    first = {trap.family: trap for trap in reversed(traps)}
    assert first.keys() == set(DETECTORS)

    run = Run(project, list(first.values()))

    found = {
        detector: {finding["detector"] for finding in run.findings[trap.tests()[0]]}
        for detector, trap in first.items()
    }
    assert [name for name in DETECTORS if name in found[name]] == [
        name for name in DETECTORS if name not in out
    ], run.output


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ('gate_allow("blocking")', 'say why: reason="..."'),
        ('gate_allow("blocking", reason=" ")', 'say why: reason="..."'),
        ('gate_allow("bloking", reason="x")', "unknown rule 'bloking': did you mean 'blocking'?"),
        ('gate_allow(reason="x")', "name a rule or a family: blocking, "),
        ('gate_allow("slow", why="x")', "it takes names of rules and reason=..."),
    ],
)
def test_a_marker_that_is_not_complete_stops_the_run_in_one_line(
    small_environment: dict[str, str], tmp_path: Path, marker: str, problem: str
) -> None:
    tests = f"@pytest.mark.{marker}\ndef test_marked(): ..."

    done = run_pytest(plant_shop(tmp_path / "project", small_environment, tests))

    assert done.returncode == 4
    (line,) = (x for x in done.stderr.splitlines() if x)
    assert line.startswith(f"ERROR: test_shop.py::test_marked: @pytest.mark.gate_allow: {problem}")
