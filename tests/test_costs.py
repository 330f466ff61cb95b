"""How many round trips does a test of a baked project take to the database? Exactly as many."""

from pathlib import Path

import pytest
from support.costs import round_trips
from support.project import Project


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


def test_a_test_takes_two_round_trips_besides_its_own_statements(project: Project) -> None:
    # One begins, takes back what a rollback leaves, and sets the savepoint. One rolls back.
    assert round_trips(project) == {
        "test_nothing": 2,
        "test_read": 2 + 1,
        "test_write": 2 + 1,
        # After the end of a transaction, the next one sets its savepoint, if there is one.
        "test_write_and_read": 2 + 2 + 1,
        "test_roll_back": 2 + 2 + 1,
        "test_failed_read": 2 + 3 + 3,
        "test_request": 2 + 1,
        # The service has its own savepoint.
        "test_registration": 2 + 3,
    }


PLANTS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "a savepoint by itself": (
        {
            'f"{self._take_back};{NEW_SAVEPOINT}"\n': "self._take_back\n",
            'self._writer = "", None': "self._writer = NEW_SAVEPOINT, None",
        },
        {"test_nothing": 2, "test_read": 4, "test_registration": 6},
    ),
    "a commit that releases": (
        {
            'self._next_savepoint = f"{RELEASE};{NEW_SAVEPOINT}"': (
                "await self.connection.execute(RELEASE); self._next_savepoint = NEW_SAVEPOINT"
            ),
        },
        {"test_nothing": 2, "test_read": 3, "test_registration": 6},
    ),
    "an engine that asks again": (
        {"self._answers[query] = rows": "pass"},
        {"test_nothing": 2, "test_read": 3, "test_registration": 9},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_one_more_round_trip_is_counted(project: Project, plant: str) -> None:
    changes, expected = PLANTS[plant]
    path = project.path / "tests/isolation/connection.py"
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")

    assert round_trips(project, "nothing or test_read or registration") == expected


GARBAGE = """\
from weakref import WeakSet

import pytest


class Cycle:
    def __init__(self) -> None:
        self.itself = self
        self.parts: list[list[int]] = [[] for _ in range(500)]


latest: list[Cycle] = []
alive: WeakSet[Cycle] = WeakSet()


@pytest.mark.parametrize("n", range(1100))
def test_drops_what_the_test_before_has_left(n: int) -> None:
    latest[:] = [Cycle()]
    alive.update(latest)
    assert len(alive) <= 550
"""


@pytest.mark.parametrize("growth", ["1.25", "1e9"])
def test_what_is_spared_by_the_collections_of_tests_is_collected_as_it_grows(
    project: Project, growth: str
) -> None:
    path = project.path / "tests/behavior_gate/detectors/warnings.py"
    text = path.read_text(encoding="utf-8")
    assert "_GROWTH = 1.25\n" in text
    path.write_text(text.replace("_GROWTH = 1.25\n", f"_GROWTH = {growth}\n"), encoding="utf-8")
    (project.path / "tests/test_garbage.py").write_text(GARBAGE, encoding="utf-8")

    done = project.uv(
        "run", "--frozen", "pytest", "-p", "no:randomly", "-x", "tests/test_garbage.py"
    )

    if growth == "1.25":
        assert " 1100 passed in" in done.stdout
    else:
        assert "assert 551 <= 550" in done.stdout
