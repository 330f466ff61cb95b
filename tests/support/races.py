"""Loads the planted races and the good code beside them, which lie as modules in `tests/races`.

`tests/races/found/<fixture>/<name>.py` is code of an application with one defect that the fixture
finds, and `tests/races/good/<name>.py` has none. The test beside it, `<name>_test.py`, explores it
as a user would. `test_gathered` is what one writes without: twenty requests at once.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from support.traps import modules

RACES = Path(__file__).parent.parent / "races"
CONFTEST = "from trap_races import plant, twenty\n\n__all__ = ['plant', 'twenty']\n"


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

    def line(self, text: str) -> str:
        """Where the one line with this text is: `path:line`."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        (number,) = (number for number, line in enumerate(lines, 1) if text in line)
        return f"{self.app_path}:{number}"

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


INTERLEAVINGS = [Race(path) for path in modules(RACES / "found/interleavings")]
INTERRUPTIONS = [Race(path) for path in modules(RACES / "found/interruptions")]
GOOD = [Race(path) for path in modules(RACES / "good")]
