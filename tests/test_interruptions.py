"""Do interruptions find what they leave behind, and nothing else?"""

import ast
import re
import shutil
from pathlib import Path

import pytest
from support.project import TEMPLATE, Project
from test_baked_suite import passed

TESTS = TEMPLATE / "tests/interruptions"


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    """A project with the tests of the interruptions."""
    project = installed.copy(tmp_path / "project")
    shutil.copytree(TESTS, project.path / "tests/interruptions")
    (project.path / "tests/interruptions/__init__.py").touch()
    return project


@pytest.mark.parametrize("name", sorted(path.stem for path in TESTS.glob("test_*.py")))
def test_what_holds_for_interruptions(project: Project, name: str) -> None:
    printed = project.succeed(
        *("run", "--frozen", "pytest", f"tests/interruptions/{name}.py", "--explore=full")
    )

    tree = ast.parse((TESTS / f"{name}.py").read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tests = [one for one in tree.body if isinstance(one, functions) and one.name[:5] == "test_"]
    assert passed(printed) >= len(tests) > 10
    assert re.search(r"behavior gate: \d+ tests watched by 7 detectors, nothing found", printed)


def test_other_drivers(project: Project) -> None:
    printed = project.succeed(
        *("run", "--frozen", "--with", "psycopg[binary]", "--with", "psycopg2-binary", "pytest"),
        *("tests/interruptions/other_drivers.py", "--explore=full"),
    )

    assert passed(printed) == 6
    assert "behavior gate: 6 tests watched by 7 detectors, nothing found" in printed
