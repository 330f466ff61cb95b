"""A second app, as a team might build it on a baked project: its code passes, mistakes fail.

`apps/product/` is laid over a fresh bake. `apps/mistakes.py` lists what is then planted in it.
"""

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest
from apps.mistakes import MISTAKES, Mistake
from apps.overlay import PRODUCT
from support.project import QUICK, Bake, Project

RUNS = sorted({mistake.run for mistake in MISTAKES})


class Run:
    """What pytest and the gate said of the app, or of a part of it."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self.project = project
        self.done = project.uv(
            "run",
            "--frozen",
            *(f"--with={library}" for library in PRODUCT.libraries),
            "pytest",
            "--gate-report=gate.json",
            *arguments,
        )
        self.output = self.done.stdout + self.done.stderr
        self.findings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for finding in json.loads(project.read("gate.json"))["findings"]:
            self.findings[finding["test"]].append(finding)
        self.failed = {
            line.split()[1]
            for line in self.output.splitlines()
            if line.startswith(("FAILED ", "ERROR "))
        }


@pytest.fixture(scope="module")
def product(bake: Bake) -> Project:
    """The project with the second app. Not for tests that change it."""
    project = bake()
    PRODUCT.apply(project.path)
    return project


def test_the_natural_code_of_an_app_is_green(product: Project) -> None:
    run = Run(product, *QUICK)

    assert run.done.returncode == 0, run.output
    assert "nothing found" in run.output


@pytest.mark.parametrize("command", ["ruff check", "ruff format --check"])
def test_the_app_follows_the_style_of_the_project(product: Project, command: str) -> None:
    product.succeed("run", "--frozen", *command.split())


@pytest.fixture(scope="module")
def runs(product: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """By letter: the run of the tests that meet mistakes which are planted together."""

    def plant_and_run(letter: str) -> Run:
        together = [mistake for mistake in MISTAKES if mistake.run == letter]
        project = product.copy(tmp_path_factory.mktemp(letter) / "my_backend")
        for mistake in together:
            mistake.plant(project.path)
        tests = {mistake.test for mistake in together}
        # What hangs need not hang for long, but all migrations together may take their time.
        if not any("migration" in test for test in tests):
            tests.add("--override-ini=gate_timeout=2")
        return Run(project, *sorted(tests))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(RUNS, pool.map(plant_and_run, RUNS), strict=True))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_reported(mistake: Mistake, runs: dict[str, Run]) -> None:
    run = runs[mistake.run]
    if mistake.missed:
        assert mistake.test not in run.failed
        return
    assert mistake.test in run.failed, run.output
    if mistake.detector == "test":
        assert mistake.says in run.output
        return
    findings = chain(*run.findings.values()) if mistake.shared else run.findings[mistake.test]
    findings = [finding for finding in findings if finding["detector"] == mistake.detector]
    named = [f"{finding['path']}:{finding['line']}" for finding in findings]
    assert mistake.location(run.project.path) in named
    assert any(mistake.says in finding["what"] for finding in findings)
