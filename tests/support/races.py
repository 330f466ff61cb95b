"""Loads the planted races and the good code beside them, which lie as modules in `tests/races`.

`tests/races/found/<fixture>/<name>.py` is code of an application with one defect that the fixture
finds, and `tests/races/good/<name>.py` has none; `tests/races/refused/<name>.py` can't be explored.
The tests beside it, in `<name>_test.py`, explore it as a user would; `test_gathered` is what one
writes without, twenty requests at once. Nothing is imported here: what a module says of itself is
read from its source.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.traps import MARK, constants_of, modules

RACES = Path(__file__).parent.parent / "races"
CONFTEST = 'from trap_races import plant, twenty\n\n__all__ = ["plant", "twenty"]\n'
TURN = r"[A-Z](?:\d+|\*)?"
NAME = rf"{TURN}(?:\|{TURN})+|(?:cancel|kill|commit)@\d+"


@dataclass(frozen=True)
class Race:
    """A module of an application, and its tests."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def app_path(self) -> str:
        """The path in a project."""
        return f"app/races/{self.path.name}"

    @property
    def test_path(self) -> str:
        """The path of the tests in a project."""
        return f"tests/races/test_{self.path.name}"

    @property
    def constants(self) -> dict[str, Any]:
        """What a module with a defect says of itself.

        FOUND_BY: the names of the schedules that find it. How often a call waits depends on its
            libraries, so `cancel` stands for one or more of `cancel@1`, `cancel@2`.
        SAYS: lines of the report, each with single spaces. The marked lines are named as well.
        GATE: the rule of the behavior gate that it breaks instead.
        """
        return constants_of(self.path)

    @property
    def found_by(self) -> set[str]:
        return set(self.constants["FOUND_BY"].split(", "))

    def locations(self) -> list[str]:
        """The lines that the report has to name: `path:line`."""
        lines = enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1)
        return [f"{self.app_path}:{number}" for number, line in lines if line.endswith(MARK)]

    def write(self, project: Path) -> None:
        """Plant the module and its tests in a project."""
        test = self.path.with_name(f"{self.name}_test.py").read_text(encoding="utf-8")
        # Where the tests lie, they import from the module beside them.
        test = re.sub(rf"^from \.{self.name} ", f"from app.races.{self.name} ", test, flags=re.M)
        for name, text in (
            (self.app_path, self.path.read_text(encoding="utf-8")),
            (self.test_path, test),
            ("tests/races/conftest.py", CONFTEST),
        ):
            path = project / name
            path.parent.mkdir(exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text, encoding="utf-8")


class Report:
    """What an exploration has told of what it has found."""

    def __init__(self, text: str) -> None:
        """Read the output of a failed test, where pytest begins each line of an error with `E`."""
        lines = [line.removeprefix("E").rstrip() for line in text.splitlines() if line[:1] == "E"]
        self.text = "\n".join(line.removeprefix(" " * 7) for line in lines)
        #: With single spaces, and sentences in one line.
        self.words = " ".join(self.text.split())

    @property
    def in_full(self) -> list[str]:
        """The names of the schedules that are told in full, in their order."""
        return re.findall(rf"^({NAME})(?:, at| comes| hangs| is| breaks)\b", self.text, re.M)

    @property
    def schedules(self) -> set[str]:
        """The names of all schedules that find something."""
        others = re.findall(r"(?:The same comes of|Others are not, either:) ([^.]*)\.", self.words)
        return {*self.in_full, *re.findall(NAME, " ".join(others))}


INTERLEAVINGS = [Race(path) for path in modules(RACES / "found/interleavings")]
INTERRUPTIONS = [Race(path) for path in modules(RACES / "found/interruptions")]
GOOD = [Race(path) for path in modules(RACES / "good")]
REFUSED = [Race(path) for path in modules(RACES / "refused")]
