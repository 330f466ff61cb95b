"""Can it be copied: the fixtures and the gate in an app with another structure."""

import json
import shutil
from pathlib import Path

import pytest
from support.project import TEMPLATE, Project
from test_gate import DETECTORS

FOREIGN = TEMPLATE / "tests/foreign/shop/repo"
COPIED = ("behavior_gate", "postgres", "isolation", "conftest.py")


@pytest.fixture
def foreign(installed: Project, tmp_path: Path) -> Project:
    """An app with a src layout, `get_db` and a module-level engine, and the copied files."""
    project = Project(tmp_path / "shop", installed.environment)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FOREIGN, project.path, ignore=ignored)
    for name in COPIED:
        source, destination = installed.path / "tests" / name, project.path / "tests" / name
        if source.is_dir():
            shutil.copytree(source, destination, ignore=ignored)
        else:
            shutil.copy(source, destination)
    return project


def pytest_in(project: Project, *arguments: str) -> tuple[int, str]:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    done = project.run(python, "-m", "pytest", *arguments)
    return done.returncode, done.stdout + done.stderr


def test_the_suite_of_another_app_is_green(foreign: Project) -> None:
    code, output = pytest_in(foreign, "--ignore=tests/test_defects.py")

    assert code == 0, output
    assert "3 passed" in output
    assert "3 tests watched by 7 detectors, nothing found" in output


def test_one_planted_defect_of_each_detector_is_caught_in_another_app(foreign: Project) -> None:
    code, output = pytest_in(foreign, "tests/test_defects.py", "--gate-report=gate.json")

    assert code == 1, output
    found = {
        (finding["test"], finding["detector"], finding["path"])
        for finding in json.loads(foreign.read("gate.json"))["findings"]
    }
    assert found == {
        (f"tests/test_defects.py::test_defect[{detector}]", detector, "src/shop/defects.py")
        for detector in DETECTORS
    }
