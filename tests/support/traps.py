"""Loads the traps and the good code, which lie as modules in `tests/traps` and `tests/good`.

`tests/traps/<family>/<rule>/<name>.py` is code of an application with one defect. The comment
`# <-` marks the line that the gate has to name. `tests/good/<family>/<name>.py` has no defect.
A test that knows nothing of the defect stands beside it as `<name>_test.py`, or is one of those in
`tests/support/trap_tests`. Nothing is imported here: the constants are read from the source.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parent
LIBRARIES = SUPPORT / "libraries"
MARK = "# <-"
# What a module may say of itself.
NAMES = {"SAYS", "ALSO", "CLIENTS", "TEST", "FOUND_BY", "GATE"}


@dataclass(frozen=True)
class Case:
    """A module of an application, and the test of it."""

    path: Path
    family: str
    #: The fixtures that the test runs with, one after the other.
    clients: tuple[str, ...]
    #: Where the test lies.
    test: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def app_path(self) -> str:
        """The path in a project."""
        return f"app/traps/{self.path.name}"

    @property
    def test_path(self) -> str:
        """The path of the test in a project."""
        return f"tests/traps/test_{self.path.name}"

    def tests(self) -> list[str]:
        return [f"{self.test_path}::test_{client}" for client in self.clients]

    def write(self, project: Path) -> None:
        """Plant the module and its test in a project."""
        test = self.test.read_text(encoding="utf-8")
        # Where a test lies, it imports its trap from the module beside it.
        test = re.sub(r"^from \.\w+ import", f"from app.traps.{self.name} import", test, flags=re.M)
        tests = [re.sub(r"\b(test_|)client\b", rf"\g<1>{client}", test) for client in self.clients]
        for name, text in (
            (self.app_path, self.path.read_text(encoding="utf-8")),
            (self.test_path, "\n\n".join(tests)),
        ):
            path = project / name
            path.parent.mkdir(exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Trap(Case):
    """A defect, the rule that it breaks, and others that may speak too."""

    rule: str
    #: A part of what the gate says happened.
    says: str
    also: frozenset[str]

    def location(self) -> str:
        """Where the gate has to point: `path:line`."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        (line,) = (number for number, text in enumerate(lines, 1) if text.endswith(MARK))
        return f"{self.app_path}:{line}"


def constants_of(path: Path) -> dict[str, Any]:
    """What a module says of itself."""
    constants = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in NAMES:
                constants[name] = ast.literal_eval(value)
    return constants


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if not path.stem.endswith("_test"))


def options_of(path: Path, constants: dict[str, Any]) -> dict[str, Any]:
    own = path.with_name(f"{path.stem}_test.py")
    shared = SUPPORT / "trap_tests" / f"{constants.get('TEST', 'default')}.py"
    return {
        "path": path,
        "clients": constants.get("CLIENTS", ("client",)),
        "test": own if own.exists() else shared,
    }


def rule_of(path: Path) -> str:
    # No package begins with a digit, and no name holds a hyphen.
    return f"{path.parts[-3]}.{path.parts[-2].lstrip('_').replace('_', '-')}"


def load_trap(path: Path) -> Trap:
    constants = constants_of(path)
    rule = rule_of(path)
    return Trap(
        **options_of(path, constants),
        family=rule.partition(".")[0],
        rule=rule,
        says=constants.get("SAYS", ""),
        also=frozenset(constants.get("ALSO", ())),
    )


def load_good(path: Path) -> Case:
    return Case(**options_of(path, constants_of(path)), family=path.parts[-2])


TRAPS = [load_trap(path) for path in modules(SUPPORT.parent / "traps")]
GOOD = [load_good(path) for path in modules(SUPPORT.parent / "good")]
