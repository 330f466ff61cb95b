"""What a repository is like: where its tests are, and how pytest imports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .changes import Refusal
from .pytest_settings import Settings, find_settings, load_toml

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "pytest.ini", "tox.ini")
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
    for path in sorted(root.iterdir()):
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
    usual = [root / name for name in ("tests", "test") if (root / name).is_dir()]
    for folder in usual:
        if not told or any(path.is_relative_to(folder) for path in told):
            return folder
    if told:
        return told[0]
    found = [folder for folder in folders_of(root) if has_tests(folder)]
    # A test may also lie beside the module that it tests.
    found = [folder for folder in found if folder.name in {"tests", "test"}] or found
    top = [one for one in found if not any(one != two and one.is_relative_to(two) for two in found)]
    if len(top) > 1:
        names = ", ".join(path.relative_to(root).as_posix() for path in top)
        raise Refusal(f"{root} has tests in {names}: choose by --tests.")
    return top[0] if top else root / "tests"


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
