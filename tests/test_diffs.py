"""Findings in the diff of a change: GitLab's code quality report, and annotations of GitHub."""

import json
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.gate import load
from support.project import Done, Project
from support.shop import LINES, SHOP, Plant, plant_shop, run_pytest, write

FILE = "gl-code-quality-report.json"
QUALITY = f"--gate-code-quality={FILE}"
ALONE_AND_WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])
TESTS = """
    @pytest.mark.parametrize("n", range(3))
    async def test_sleep(n):
        await shop.sleep()

    async def test_lock():
        assert await shop.lock()

    async def test_leak():
        await shop.leak()
    """
WARN_OF_LEAKS = "gate_warn =\n    tasks.leaked: until the queue is there\n"


@pytest.fixture
def plant(small_environment: dict[str, str], tmp_path: Path) -> Plant:
    return partial(plant_shop, tmp_path / "repository/backend", small_environment)


def entries_of(project: Project) -> dict[str, Any]:
    entries = json.loads(project.read(FILE))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    return {entry["check_name"]: entry for entry in entries}


def run_on_github(project: Project, *options: str) -> list[str]:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    done = project.run(python, "-m", "pytest", *options, GITHUB_ACTIONS="true")
    return annotations(done)


def annotations(done: Done) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("::")]


@ALONE_AND_WORKERS
def test_gitlab_gets_an_entry_for_each_line_with_a_finding(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    project = plant(TESTS, WARN_OF_LEAKS)
    subprocess.run(["git", "init", "-q", project.path.parent], check=True)

    done = run_pytest(project, QUALITY, *workers)

    assert done.returncode == 1, done.stdout
    entries = entries_of(project)
    assert set(entries) == {"blocking.lock", "blocking.sleep", "tasks.leaked"}
    path, _, line = LINES["sleep"].partition(":")
    sleep = entries["blocking.sleep"]
    assert sleep["location"] == {"path": f"backend/{path}", "lines": {"begin": int(line)}}
    assert sleep["description"] == (
        "time.sleep() blocks the event loop. Fix: await asyncio.sleep(...), or run it in a thread:"
        " await asyncio.to_thread(...)."
    )
    assert sleep["type"] == "issue"
    assert sleep["categories"] == ["Bug Risk"]
    severities = {name: entry["severity"] for name, entry in entries.items()}
    assert severities == {
        "blocking.lock": "major",
        "blocking.sleep": "major",
        "tasks.leaked": "minor",
    }


def test_a_fingerprint_stays_until_its_line_changes(plant: Plant) -> None:
    project = plant(TESTS)
    run_pytest(project, QUALITY)
    first = entries_of(project)

    moved = SHOP.replace("\n\nasync def sleep", "\n\n# Moves what follows.\n\nasync def sleep")
    assert moved != SHOP
    write(project, "shop.py", moved.replace("lock.acquire(timeout=5)", "lock.acquire(timeout=6)"))
    run_pytest(project, QUALITY)
    second = entries_of(project)

    same = {
        name: first[name]["fingerprint"] == second[name]["fingerprint"]
        for name in ("blocking.lock", "blocking.sleep", "tasks.leaked")
    }
    assert same == {"blocking.lock": False, "blocking.sleep": True, "tasks.leaked": True}
    assert first["blocking.sleep"]["location"] != second["blocking.sleep"]["location"]


def test_what_the_baseline_has_is_information(plant: Plant) -> None:
    project = plant(TESTS)

    done = run_pytest(project, QUALITY, "--gate-baseline=known.txt")

    assert done.returncode == 0
    assert {entry["severity"] for entry in entries_of(project).values()} == {"info"}
    assert run_on_github(project, "--gate-baseline=known.txt") == []


def test_nothing_found_is_an_empty_report(plant: Plant) -> None:
    project = plant("def test_passes():\n    pass\n")

    assert run_pytest(project, QUALITY).returncode == 0
    assert json.loads(project.read(FILE)) == []


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--gate-report=taken/report.html", "report.html"),
        ("--gate-report=taken/gate.json", "gate.json"),
        ("--gate-code-quality=taken/quality.json", "quality.json"),
    ],
)
def test_a_file_that_cant_be_written_is_said_in_one_line(
    plant: Plant, option: str, name: str
) -> None:
    project = plant("def test_passes():\n    pass\n")
    write(project, "taken", "is a file")

    done = run_pytest(project, option)

    assert done.returncode == 4
    assert f"behavior gate: {name} can't be written: File exists\n" in done.stdout, done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr


@ALONE_AND_WORKERS
def test_github_gets_an_annotation_for_each_line(plant: Plant, workers: tuple[str, ...]) -> None:
    project = plant(TESTS, WARN_OF_LEAKS)
    subprocess.run(["git", "init", "-q", project.path.parent], check=True)

    lines = run_on_github(project, *workers)

    path, _, line = LINES["sleep"].partition(":")
    assert (
        f"::error file=backend/{path},line={line},title=behavior gate%3A blocking.sleep"
        "::time.sleep() blocks the event loop%0AWhy: every other request waits until it returns."
        "%0AFix: await asyncio.sleep(...), or run it in a thread: await asyncio.to_thread(...)."
    ) in lines
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning"]


def test_only_github_gets_annotations(plant: Plant) -> None:
    assert annotations(run_pytest(plant(TESTS))) == []


def test_a_text_can_not_end_an_annotation() -> None:
    core, rules, causes = load("core"), load("rules"), load("causes")
    where = load("where").Location("a,b:c.py", 3, "f")
    finding = core.Finding(rules.SERVER_ERROR, "100 %\r\n::error::planted", where)
    place = causes.Place(finding, outcome="failed")

    (line,) = load("github").commands([place], Path.cwd())

    assert len(line.splitlines()) == 1
    assert "100 %25%0D%0A::error::planted%0AWhy: " in line
    assert line.partition(",line=3")[0].endswith("a%2Cb%3Ac.py")


def test_a_finding_without_a_line_is_shown_at_its_test(plant: Plant) -> None:
    core, rules, causes = load("core"), load("rules"), load("causes")
    place = causes.Place(core.Finding(rules.SERVER_ERROR, "GET / returned 500", None))
    place.tests["tests/test_a.py::test_b"] = None

    assert load("code_quality").position(place) == ("tests/test_a.py", 1)
