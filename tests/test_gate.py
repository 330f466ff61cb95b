"""The gate bites, and only what is bad: every trap is planted in a baked project and run."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Project
from traps import GOOD, TRAPS, Case, Trap

# Libraries that only the traps use.
LIBRARIES = ("bcrypt", "psycopg[binary]", "psycopg2-binary", "requests")


class Run:
    """What pytest and the gate said of the planted cases."""

    def __init__(self, project: Project, cases: list[Case], *options: str) -> None:
        for case in cases:
            case.write(project.path)
        self.done = project.uv(
            "run",
            *(f"--with={library}" for library in LIBRARIES),
            "pytest",
            "tests/traps",
            "--gate-report=gate.json",
            "--junitxml=junit.xml",
            "--override-ini=gate_timeout=2",
            *options,
            timeout=600,
        )
        self.output = self.done.stdout + self.done.stderr
        self.findings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for finding in json.loads(project.read("gate.json"))["findings"]:
            self.findings[finding["test"]].append(finding)
        self.outcomes: dict[str, str] = {}
        for element in ElementTree.parse(project.path / "junit.xml").iter("testcase"):
            path = str(element.get("classname")).replace(".", "/") + ".py"
            bad = [child.tag for child in element if child.tag in {"failure", "error", "skipped"}]
            test = f"{path}::{element.get('name')}"
            self.outcomes[test] = bad[0] if bad else self.outcomes.get(test, "passed")


@pytest.fixture(scope="module")
def trapped(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = installed.copy(tmp_path_factory.mktemp("traps") / "project")
    return Run(project, list(TRAPS))


@pytest.fixture(scope="module")
def spared(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = installed.copy(tmp_path_factory.mktemp("good") / "project")
    return Run(project, GOOD)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_fails_its_own_test_and_the_message_names_the_line(trap: Trap, trapped: Run) -> None:
    for test in trap.tests():
        assert trapped.outcomes[test] in {"failure", "error"}, trapped.output
        findings = trapped.findings[test]
        detectors = {finding["detector"] for finding in findings}
        assert trap.detector in detectors
        assert detectors <= {trap.detector} | trap.also
        named = [f"{f['path']}:{f['line']}" for f in findings if f["detector"] == trap.detector]
        assert named == [trap.location()]
        assert f"at {trap.location()} in " in trapped.output


def test_nothing_but_the_traps_is_found(trapped: Run) -> None:
    assert set(trapped.findings) == {test for trap in TRAPS for test in trap.tests()}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_good_code_passes(case: Case, spared: Run) -> None:
    for test in case.tests():
        assert spared.findings[test] == []
        assert spared.outcomes[test] == "passed", spared.output
