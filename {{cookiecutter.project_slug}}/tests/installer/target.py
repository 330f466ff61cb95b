"""What a repository is like: where its tests are, and how pytest imports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .changes import Refusal
from .pytest_settings import Settings, find_settings, load_toml

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "pytest.ini", "tox.ini")
USUAL = ("tests", "test")
SKIPPED = {"node_modules", "build", "dist", "site-packages", "__pycache__"}


@dataclass(frozen=True)
class Target:
    """A repository that the tests are copied to."""

    root: Path
    settings: Settings
    tests: Path
    conftest: Path
    #: The package of the tests as the conftest imports it, with a dot at its end, or nothing.
    prefix: str
    uses_importlib: bool

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def describe(self) -> str:
        where = self.name(self.tests)
        kind = "a package" if (self.tests / "__init__.py").exists() else "no package"
        settings = self.settings.path
        return (
            f"{self.root.name}: tests in {'the root' if where == '.' else where} ({kind}"
            f"{', import mode importlib' if self.uses_importlib else ''}), pytest's settings "
            f"{f'in {self.name(settings)}' if settings else 'nowhere'}"
        )


def folders_of(root: Path) -> Iterator[Path]:
    """A folder and those below it, without the hidden, the built and the virtual."""
    yield root
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        is_skipped = path.name in SKIPPED or path.name.startswith(".") or path.is_symlink()
        if path.is_dir() and not is_skipped and not (path / "pyvenv.cfg").exists():
            yield from folders_of(path)


def has_tests(folder: Path) -> bool:
    return any(folder.glob("test_*.py")) or any(folder.glob("*_test.py"))


def is_project(root: Path) -> bool:
    return any((root / name).is_file() for name in PROJECT_FILES) or any(
        root.glob("*requirements*.txt")
    )


def find_target(root: Path, source: Path, chosen: str | None) -> Target:
    """Look at a repository.

    Raises:
        Refusal: Nothing can be installed there.
    """
    root = root.expanduser().resolve()
    if not root.is_dir():
        raise Refusal(f"{root} is no directory.")
    if root in {source, source.parent} and (root / "cookiecutter.json").exists():
        raise Refusal(f"{root} is the template itself.")
    if root == source:
        raise Refusal(f"{root} is the project that this is copied from.")
    if not is_project(root):
        inner = [path for path in sorted(root.iterdir()) if path.is_dir() and is_project(path)]
        hint = f"; {inner[0]} is one" if inner else ""
        raise Refusal(
            f"{root} is no Python project: no pyproject.toml, setup.py or requirements.txt{hint}."
        )
    if load_toml(root / "pyproject.toml").get("tool", {}).get("template"):
        raise Refusal(f"{root} was baked from the template: refresh it by `uvx cruft update`.")
    settings = find_settings(root)
    tests = find_tests(root, settings, chosen)
    addopts = " ".join(settings.words("addopts"))
    uses_importlib = re.search(r"--import-mode[= ]importlib\b", addopts) is not None
    base = base_of(tests)
    conftest = conftest_of(root, settings, tests)
    if (tests / "__init__.py").exists() and not uses_importlib:
        package = tests.relative_to(base).parts
    elif conftest.parent == tests and not uses_importlib:
        package = ()
    else:
        package = tests.relative_to(root).parts
    prefix = "".join(f"{part}." for part in package)
    return Target(root, settings, tests, conftest, prefix, uses_importlib)


def base_of(folder: Path) -> Path:
    """The folder that pytest puts on `sys.path` for a package."""
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def test_paths(root: Path, settings: Settings) -> list[Path]:
    found = [path for word in settings.words("testpaths") for path in sorted(root.glob(word))]
    return [path.resolve() for path in found if path.is_dir()]


def find_tests(root: Path, settings: Settings, chosen: str | None) -> Path:
    if chosen is not None:
        tests = (root / chosen).resolve()
        if not tests.is_dir() or not tests.is_relative_to(root):
            raise Refusal(f"{root} has no folder {chosen}.")
        return tests
    told = test_paths(root, settings)
    for name in USUAL:
        folder = root / name
        if folder.is_dir() and (not told or any(path.is_relative_to(folder) for path in told)):
            return folder
    inner = sorted({top_of(path, root) for path in folders_with_tests(told[0] if told else root)})
    if told:
        return inner[0] if len(inner) == 1 and inner[0].name in USUAL else told[0]
    projects = [path for path in sorted(root.iterdir()) if path.is_dir() and is_project(path)]
    for project in projects:
        if inner and all(path.is_relative_to(project) for path in inner):
            raise Refusal(f"{root} has no tests of its own: install in {project}.")
    if len(inner) < 2:
        return inner[0] if inner else root / "tests"
    names = ", ".join(path.relative_to(root).as_posix() for path in inner)
    raise Refusal(f"{root} has tests in {names}: choose by --tests.")


def folders_with_tests(root: Path) -> list[Path]:
    found = [folder for folder in folders_of(root) if has_tests(folder)]
    # A test may also lie beside the module that it tests.
    usual = [one for one in found if not {*USUAL}.isdisjoint(one.relative_to(root).parts)]
    return usual or found


def top_of(folder: Path, root: Path) -> Path:
    """The highest folder with a usual name, or the folder itself."""
    parents = [one for one in (folder, *folder.parents) if one.is_relative_to(root)]
    return next((one for one in reversed(parents) if one.name in USUAL), folder)


def conftest_of(root: Path, settings: Settings, tests: Path) -> Path:
    """The top-level conftest.py: pytest refuses `pytest_plugins` in one that it finds later."""
    told = test_paths(root, settings)
    at_start = any(path.is_relative_to(tests) or tests.parent == path for path in told) or (
        tests.parent == root and tests.name.startswith("test") and not told
    )
    of_root = root / "conftest.py"
    is_package = (tests / "__init__.py").exists()
    # From the conftest.py of the root, only a package has a name that nothing else can have.
    if at_start and not (of_root.exists() and is_package and base_of(tests) == root):
        return tests / "conftest.py"
    return of_root
