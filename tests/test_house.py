"""How the modules of the gate may depend on each other."""

import ast
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from conftest import RANKS
from support.project import SLOW_TESTS, TEMPLATE

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
MODULES = sorted(GATE.rglob("*.py"))
LIMIT_LINES = 300


def name_of(path: Path) -> str:
    """A module by its dotted name in the gate; a package by its own, the gate by ''."""
    parts = path.relative_to(GATE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {name_of(path) for path in MODULES}


def imports_of(path: Path) -> set[str]:
    """The modules of the gate that one imports, also for types alone or inside a function."""
    package = path.relative_to(GATE).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = ".".join((*base, *filter(None, [node.module])))
            for alias in node.names:
                within = ".".join(filter(None, [module, alias.name]))
                found.add(within if within in NAMES else module)
    return found


@pytest.mark.parametrize(
    ("folder", "names"), [(Path(__file__).parent, RANKS), (GATE.parent, SLOW_TESTS)]
)
def test_the_files_exist_that_are_named_by_how_long_they_take(
    folder: Path, names: Iterable[str]
) -> None:
    assert [name for name in names if not (folder / name).is_file()] == []


GRAPH = {name_of(path): imports_of(path) for path in MODULES}


def unit_of(name: str) -> str:
    """A detector is a module or a package of `detectors`."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "detectors" else name


def test_all_imports_are_of_modules_that_exist() -> None:
    assert set().union(*GRAPH.values()) <= NAMES


def test_no_import_goes_in_a_circle() -> None:
    assert list(TopologicalSorter(GRAPH).static_order())


@pytest.mark.parametrize("name", sorted(NAMES))
def test_only_the_registry_knows_detectors_and_none_knows_another(name: str) -> None:
    detectors = {unit_of(other) for other in GRAPH[name] if other.startswith("detectors.")}

    if name != "registry":
        assert detectors <= {unit_of(name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "gate")
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LIMIT_LINES


def test_a_circle_would_be_seen() -> None:
    with pytest.raises(ValueError, match="cycle"):
        list(TopologicalSorter(GRAPH | {"rules": {"plugin"}}).static_order())
