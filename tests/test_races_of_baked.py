"""The exploration finds planted races, and nothing in good code: all of them run in a project."""

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.project import Project
from support.races import GOOD, INTERLEAVINGS, INTERRUPTIONS, REFUSED, Race, Report
from support.traps import LIBRARIES

FOUND = INTERLEAVINGS + INTERRUPTIONS
TOLD = [race for race in FOUND if "FOUND_BY" in race.constants]
LEFT_TO_THE_GATE = [race for race in FOUND if "GATE" in race.constants]


class Run:
    """What pytest has said of the planted races."""

    def __init__(self, project: Project, races: list[Race], *options: str) -> None:
        for race in races:
            race.write(project.path)
        self.done = project.uv(
            *("run", "pytest", "tests/races", "-k", "not gathered", "--junitxml=junit.xml"),
            *options,
            timeout=900,
            PYTHONPATH=str(LIBRARIES),
        )
        self.output = self.done.stdout + self.done.stderr
        #: What each test has failed with, by the name of its race and its own.
        self.failures: dict[str, dict[str, str]] = defaultdict(dict)
        for element in ElementTree.parse(project.path / "junit.xml").iter("testcase"):
            name = str(element.get("classname")).rpartition(".test_")[2]
            bad = [child.text or "" for child in element if child.tag in {"failure", "error"}]
            self.failures[name][str(element.get("name"))] = "\n".join(bad)

    def failure(self, race: Race) -> str:
        return self.failures[race.name]["test_explored"]


@pytest.fixture(scope="module")
def explored(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = installed.copy(tmp_path_factory.mktemp("races") / "my_backend")
    return Run(project, FOUND + GOOD + REFUSED, "--explore=full", "--numprocesses=2")


@pytest.mark.parametrize("race", TOLD, ids=lambda race: race.name)
def test_a_race_is_found_by_its_schedules_and_told_with_its_lines(
    race: Race, explored: Run
) -> None:
    failure = explored.failure(race)
    report = Report(failure)

    found_by = {re.sub(r"cancel@\d+", "cancel", name) for name in report.schedules}
    assert found_by == race.found_by, failure or explored.output
    for line in race.constants["SAYS"]:
        assert line in report.words, failure
    for location in race.locations():
        assert f"{location} in " in report.words, failure


@pytest.mark.parametrize("race", LEFT_TO_THE_GATE, ids=lambda race: race.name)
def test_a_defect_that_changes_no_row_is_left_to_the_behavior_gate(
    race: Race, explored: Run
) -> None:
    failure = explored.failure(race)

    assert f"behavior gate: {race.constants['GATE']}" in failure, explored.output
    assert Report(failure).schedules == set()


def test_two_changes_of_turn_are_found_by_two_changes_only(explored: Run) -> None:
    assert explored.failures["two_changes_of_turn"]["test_not_by_one_change_of_turn"] == ""


@pytest.mark.parametrize("race", GOOD, ids=lambda race: race.name)
def test_nothing_is_found_in_good_code(race: Race, explored: Run) -> None:
    failures = explored.failures[race.name]
    assert len(failures) >= 2, explored.output
    assert set(failures.values()) == {""}, "\n".join(failures.values())


@pytest.mark.parametrize("race", REFUSED, ids=lambda race: race.name)
def test_what_can_not_be_explored_says_why(race: Race, explored: Run) -> None:
    failures = explored.failures[race.name]
    assert failures.keys() == {"test_interleaved", "test_interrupted"}, explored.output
    for failure in failures.values():
        for line in race.constants["SAYS"]:
            assert line in Report(failure).words, failure


@pytest.mark.parametrize("schedule", ["A3|B*|A", "A1|B*|A"])
def test_one_schedule_runs_alone(installed: Project, tmp_path: Path, schedule: str) -> None:
    project = installed.copy(tmp_path / "my_backend")
    (race,) = (race for race in INTERLEAVINGS if race.name == "lost_update")

    run = Run(project, [race], f"--schedule={schedule}")

    assert Report(run.failure(race)).schedules == {schedule} & race.found_by, run.output


def test_a_race_has_a_name_of_its_own() -> None:
    names = [race.name for race in FOUND + GOOD + REFUSED]
    assert len(set(names)) == len(names)
