"""Print the table of planted races: by which schedule each is found, and how often by luck.

Run it by `uv run --directory tests python -m tools.races [TIMES]`.

Each race is explored once, with all schedules. Then its `test_gathered`, which makes twenty calls
at once, runs as often as said, a hundred times if not: it counts how often what that asserts, the
final rows and the statuses, is not so. The behavior gate is off in it.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

from support.project import NOT_OURS, bake, uv_path
from support.races import GOOD, INTERLEAVINGS, INTERRUPTIONS, Race, Report
from support.traps import LIBRARIES

ALL = INTERLEAVINGS + INTERRUPTIONS + GOOD
# Counts the schedules, and makes many tests of each that gathers.
CONFTEST = """\
import os
from collections import Counter
from pathlib import Path

import pytest

SCHEDULES: Counter[str] = Counter()


@pytest.fixture
def nth() -> None: ...


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__name__ == "test_gathered":
        metafunc.fixturenames.append("nth")
        metafunc.parametrize("nth", range(int(os.environ["TIMES"])))


def pytest_explored(nodeid: str, schedule: str) -> None:
    SCHEDULES[nodeid] += 1


def pytest_sessionfinish() -> None:
    lines = (f"{count} {nodeid}\\n" for nodeid, count in SCHEDULES.items())
    Path("schedules.txt").write_text("".join(lines), encoding="utf-8")
"""


class Tests:
    """What has come of the tests of a run."""

    def __init__(self, project: Path, *options: str, times: int = 1) -> None:
        ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        self.done = subprocess.run(
            (
                uv_path(),
                "run",
                "--frozen",
                "pytest",
                "tests/races",
                "--junitxml=junit.xml",
                *options,
            ),
            cwd=project,
            env=ours | {"PYTHONPATH": str(LIBRARIES), "TIMES": str(times)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.seconds: dict[str, float] = defaultdict(float)
        self.failures: Counter[str] = Counter()
        self.texts: dict[str, str] = {}
        for element in ElementTree.parse(project / "junit.xml").iter("testcase"):
            name = str(element.get("classname")).rpartition(".test_")[2]
            self.seconds[name] += float(element.get("time", 0))
            for child in element:
                if child.tag in {"failure", "error"}:
                    self.failures[name] += 1
                    self.texts[name] = child.text or ""


def write(project: Path, races: list[Race]) -> None:
    for race in races:
        race.write(project)
    conftest = project / "tests/races/conftest.py"
    imports = "from trap_races import plant, twenty  # noqa: F401\n"
    conftest.write_text(imports + CONFTEST, encoding="utf-8")


def found_by(race: Race, tests: Tests) -> str:
    text = tests.texts.get(race.name, "")
    names = Report(text).in_full
    rules = re.findall(r"^behavior gate: (\w+\.[\w-]+)$", text, re.MULTILINE)
    return (names or rules or ["-"])[0]


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        project = bake(Path(folder)).path
        write(project, ALL)
        explored = Tests(project, "-k", "not gathered", "--explore=full")
        schedules: Counter[str] = Counter()
        for line in (project / "schedules.txt").read_text(encoding="utf-8").splitlines():
            count, _, nodeid = line.partition(" ")
            schedules[Path(nodeid.partition("::")[0]).stem.removeprefix("test_")] += int(count)
        gathered = Tests(project, "-k", "gathered", "--gate=off", "-n2", times=times)
    print("| race | found by | schedules | seconds | by a gather of 20 |")
    print("| --- | --- | --- | --- | --- |")
    for race in ALL:
        cells = [race.name, found_by(race, explored).replace("|", r"\|"), schedules[race.name]]
        cells.append(f"{explored.seconds[race.name]:.1f}")
        is_good = race in GOOD
        cells.append("" if is_good else f"{gathered.failures[race.name]} of {times}")
        print("|", " | ".join(map(str, cells)), "|")


if __name__ == "__main__":
    main()
