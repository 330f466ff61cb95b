"""Foreign shapes: small repositories as others write them, with the gate copied into them."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.project import NOT_OURS, TEMPLATE, Done, uv_path

FOREIGN = TEMPLATE / "tests/foreign"
OURS = TEMPLATE / "{{cookiecutter.project_slug}}/tests"
#: Without this plugin nobody has httpx or Starlette.
COMMON = ("anyio",)

_IGNORED = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv")
_MARK = re.compile(r"# <- (\S+)$")
_PLUGINS = """
import importlib.metadata, json
print(json.dumps({
    dist.name.lower(): [point.name for point in dist.entry_points if point.group == "pytest11"]
    for dist in importlib.metadata.distributions()
}))
"""

#: What every run with the gate is given. A hang need not take the usual 10 s.
WITH_GATE = ("--gate-report=gate.json", "--override-ini=gate_timeout=1")

#: Rule, path and line.
Place = tuple[str, str, int]


@dataclass(frozen=True)
class Truth:
    """A true finding in the code of a repository as it is, and how many of its tests it fails."""

    rule: str
    path: str
    line: str
    why: str
    tests: int = 1
    #: One can see it otherwise.
    argued: bool = False


@dataclass(frozen=True)
class Shape:
    """What `shape.toml` says."""

    name: str
    title: str
    packages: tuple[str, ...]
    passed: int
    #: Where pytest runs, and what the paths of findings are relative to.
    root: str = "."
    tests_folder: str = "tests"
    conftest: str = ""
    line: str = ""
    copies: tuple[str, ...] = ("behavior_gate",)
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    alone: bool = True
    blind_spots: tuple[str, ...] = ()
    true: tuple[Truth, ...] = ()

    @property
    def folder(self) -> Path:
        return FOREIGN / self.name

    @property
    def expected(self) -> set[Place]:
        """What the gate has to find in the code of the repository itself."""
        places = set()
        for truth in self.true:
            file = self.folder / "repo" / self.root / truth.path
            lines = file.read_text().splitlines()
            (number,) = (at for at, line in enumerate(lines, start=1) if truth.line in line)
            places.add((truth.rule, truth.path, number))
        return places

    @property
    def planted(self) -> set[Place]:
        """What the gate has to find in what is planted."""
        folder = self.folder / "planted"
        return {
            (mark[1], os.path.relpath(file, folder / self.root), number)
            for file in sorted(folder.rglob("*.py"))
            for number, line in enumerate(file.read_text().splitlines(), start=1)
            if (mark := _MARK.search(line))
        }

    @property
    def planted_tests(self) -> set[str]:
        """The files of tests that are planted."""
        folder = self.folder / "planted"
        return {os.path.relpath(file, folder / self.root) for file in folder.rglob("*test*.py")}

    def adapted(self) -> int:
        """How many lines of the copied files, or of theirs, differ where the gate is in place."""
        folder = self.folder / "adapted"
        count = 0 if "conftest.py" in self.copies else 1
        for file in folder.rglob("*.py"):
            ours = OURS / file.relative_to(folder / self.tests_folder)
            before = set(ours.read_text().splitlines()) if ours.exists() else set()
            count += sum(line not in before for line in file.read_text().splitlines())
        return count


def read(folder: Path) -> Shape:
    data: dict[str, Any] = tomllib.loads((folder / "shape.toml").read_text())
    for name, value in data.items():
        if isinstance(value, list):
            data[name] = tuple(Truth(**one) if name == "true" else one for one in value)
    return Shape(folder.name, **data)


SHAPES = [read(file.parent) for file in sorted(FOREIGN.glob("*/shape.toml"))]


@dataclass(frozen=True)
class Environment:
    """One virtual environment with the packages of all shapes."""

    path: Path
    variables: dict[str, str]
    #: The names of pytest's plugins, by their packages.
    plugins: dict[str, list[str]]

    def python(self) -> str:
        return str(self.path / "bin/python")

    def options(self, shape: Shape) -> Iterator[str]:
        """Switch off the plugins that the repository does not ask for."""
        packages = {re.split(r"[<>=\[!~; ]", package)[0].lower() for package in shape.packages}
        for package, names in self.plugins.items():
            if package not in {*packages, *COMMON}:
                yield from (f"-pno:{name}" for name in names)

    def pytest(self, shape: Shape, path: Path, *arguments: str) -> "Run":
        """Run the tests of a repository."""
        path = path / shape.root
        report = path / "gate.json"
        report.unlink(missing_ok=True)
        begin = time.perf_counter()
        done = subprocess.run(
            [
                *(str(self.path / "bin/pytest"), "-rA", *self.options(shape)),
                *(*shape.arguments, *arguments),
            ],
            cwd=path,
            env=self.variables | shape.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        seconds = time.perf_counter() - begin
        data = json.loads(report.read_text()) if report.exists() else {}
        return Run(done, seconds, data)


class Run:
    """What pytest and the gate said."""

    def __init__(self, done: Done, seconds: float, report: dict[str, Any]) -> None:
        self.code, self.output = done.returncode, done.stdout + done.stderr
        self.seconds = seconds
        self.findings: list[dict[str, Any]] = report.get("findings", [])
        self.blind_spots: list[str] = report.get("blind_spots", [])
        _, _, told = self.output.rpartition(" short test summary info ")
        lines = re.findall(r"^(PASSED|FAILED|ERROR) (.+?)(?: - .*)?$", told, re.MULTILINE)
        #: A test that fails at its end has passed before.
        self.bad = {test for outcome, test in lines if outcome != "PASSED"}
        self.good = {test for _, test in lines} - self.bad

    @property
    def found(self) -> set[Place]:
        return {(found["rule"], found["path"], found["line"]) for found in self.findings}


def make_venv(home: Path, packages: list[str]) -> Path:
    """Install packages into a virtual environment, if that is not done."""
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    path, done = home / "venv", home / "done"
    if not done.exists():
        for command in (
            ["venv", "--quiet", "--clear", "--python", sys.executable, str(path)],
            ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(path), *packages],
        ):
            subprocess.run([uv_path(), *command], env=ours, check=True, timeout=600)
        done.touch()
    return path


def make_environment(home: Path, shapes: list[Shape]) -> Environment:
    """Install what the shapes need."""
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    packages = sorted({package for shape in shapes for package in shape.packages} | {"pytest"})
    path = make_venv(home, packages)
    listed = subprocess.run(
        [path / "bin/python", "-c", _PLUGINS], capture_output=True, check=True, timeout=60
    )
    variables = ours | {"VIRTUAL_ENV": str(path), "UV_PROJECT_ENVIRONMENT": str(path)}
    return Environment(path, variables, json.loads(listed.stdout))


def lay_out(shape: Shape, parent: Path, *, gate: bool = True, planted: bool = False) -> Path:
    """Copy a repository, and as is asked the gate and the defects into it."""
    path = parent / shape.name
    shutil.copytree(shape.folder / "repo", path, ignore=_IGNORED)
    (path / ".git").mkdir()
    if gate:
        tests = path / shape.tests_folder
        for name in shape.copies:
            if (OURS / name).is_dir():
                shutil.copytree(OURS / name, tests / name, ignore=_IGNORED)
            else:
                shutil.copy(OURS / name, tests / name)
        if "conftest.py" not in shape.copies:
            _load(shape, path)
        _lay_over(shape.folder / "adapted", path)
    if planted:
        _lay_over(shape.folder / "planted", path)
    return path


def _load(shape: Shape, path: Path) -> None:
    """Add the one line that the gate needs."""
    tests = path / shape.tests_folder
    conftest = path / shape.conftest if shape.conftest else tests / "conftest.py"
    # pytest makes the folder of a conftest importable, or of a package the folder that holds it.
    is_inside = (tests / "__init__.py").exists() or conftest.parent != tests
    folder = ""
    if is_inside:
        folder = os.path.relpath(tests, path / shape.root).replace("/", ".") + "."
    line = shape.line or f'pytest_plugins = ["{folder}behavior_gate"]'
    before = conftest.read_text() if conftest.exists() else ""
    conftest.write_text(f"{before}\n{line}\n" if before else f"{line}\n")


def _lay_over(source: Path, destination: Path) -> None:
    if source.exists():
        shutil.copytree(source, destination, ignore=_IGNORED, dirs_exist_ok=True)
