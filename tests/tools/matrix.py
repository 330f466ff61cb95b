"""Print which tool catches which defect: `uv run --directory tests python -m tools.matrix`.

Runs all traps and all good code with each tool, set up as its own documentation recommends, and
prints a table in Markdown: the traps found, by family, and the false alarms. `--each` also prints
which traps and which good code each tool failed.

A tool has found a trap if its test fails with the tool, each time, and does not fail without. The
tests run after a warm-up, so that no tool is blamed for what an app does once.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from uuid import uuid4

from support.project import NOT_OURS, TEMPLATE, uv_path
from support.traps import GOOD, LIBRARIES, TRAPS, Case, Trap
from test_gate import DETECTORS, PACKAGES, SHORT_HANGS

WAYS = Path(__file__).with_name("ways")
WARM_UP = "tests/test_users.py"
OPTIONS = ("-q", "-p", "apart", "-p", "no:randomly", "-p", "no:cacheprovider")
#: As pytest and asyncio are without the settings of the baked project.
PLAIN = ("--override-ini=filterwarnings=", "--override-ini=asyncio_debug=false")


@dataclass(frozen=True)
class Tool:
    """A way to find defects, and how to run pytest with it."""

    name: str
    options: tuple[str, ...] = PLAIN
    #: To install, in its newest version.
    package: str | None = None
    #: What it is made for.
    note: str = ""
    has_gate: bool = False


#: Of the notes below the table.
MARKS = "¹²³⁴⁵⁶⁷⁸"
#: A failure that comes only sometimes is the machine's.
AGAIN = "--alone=2"
NOTHING = Tool(
    "nothing",
    note="pytest with pytest-asyncio alone. What fails here is left out of the other columns",
)
TOOLS = (
    Tool(
        "debug mode",
        # https://docs.python.org/3/library/asyncio-dev.html#debug-mode
        ("--override-ini=filterwarnings=default", "--override-ini=asyncio_debug=true"),
        note="asyncio's: it logs a callback that takes 100 ms, and fails nothing",
    ),
    Tool(
        "`-W error`",
        # https://docs.pytest.org/en/stable/how-to/capture-warnings.html
        (PLAIN[1], "-Werror"),
        note="every warning fails a test, also of a coroutine or a file that nobody closed",
    ),
    Tool(
        "blockbuster",
        (*PLAIN, "-p", "with_blockbuster"),
        "blockbuster",
        "made for calls that block the event loop",
    ),
    Tool(
        "pyleak",
        (*PLAIN, "-p", "with_pyleak"),
        "pyleak",
        "made for leaked tasks and threads, and a loop that is blocked for 100 ms",
    ),
    Tool(
        "aiocop",
        (*PLAIN, "-p", "with_aiocop"),
        "aiocop",
        "made for calls that block the loop of a server; in tests it raises after 50 ms",
    ),
    Tool(
        "fastapi-loopguard",
        # https://github.com/parhamdavari/fastapi-loopguard/blob/main/docs/AI-HARNESS.md
        (*PLAIN, "--loopguard-all-async"),
        "fastapi-loopguard",
        "made for an event loop that is blocked for 50 ms",
    ),
    Tool("this gate", (SHORT_HANGS, "--together"), note="as baked", has_gate=True),
)


@dataclass
class Matrix:
    """The names of the cases that fail, by tool, and those that never end."""

    failed: dict[str, set[str]] = field(default_factory=dict)
    hung: dict[str, set[str]] = field(default_factory=dict)

    def found(self, tool: Tool, cases: Iterable[Case]) -> tuple[int, int]:
        """Count the cases that fail with a tool, and those that could: they pass without it."""
        without = set() if tool == NOTHING else self.failed[NOTHING.name]
        names = {case.name for case in cases} - without
        return len(names & self.failed[tool.name]), len(names)


def table(matrix: Matrix, traps: list[Trap], good: list[Case]) -> Iterator[str]:
    """Return the lines of the table."""
    tools = (NOTHING, *TOOLS)
    heads = [f"{tool.name}{mark}" for tool, mark in zip(tools, MARKS, strict=True)]

    def row(name: str, counts: Iterable[object]) -> str:
        return f"| {' | '.join([name, *map(str, counts)])} |"

    def of(cases: list[Trap]) -> list[str]:
        return ["{} of {}".format(*matrix.found(tool, cases)) for tool in tools]

    yield row("defects found", heads)
    yield row("---", ["--:" for _ in tools])
    for family in DETECTORS:
        yield row(f"`{family}`", of([trap for trap in traps if trap.family == family]))
    yield row("**all**", (f"**{text}**" for text in of(traps)))
    yield row(
        f"false alarms on {len(good)} pieces of good code",
        (matrix.found(tool, good)[0] for tool in tools),
    )
    yield ""
    for tool, mark in zip(tools, MARKS, strict=True):
        yield f"- {mark} {tool.note[0].upper()}{tool.note[1:]}."


def each(matrix: Matrix, cases: list[Case]) -> Iterator[str]:
    """Return a line for each case: the tools with which it fails or never ends."""
    tools = (NOTHING, *TOOLS)
    for case in cases:
        said = [
            f"{tool.name}{' (hangs)' if case.name in matrix.hung[tool.name] else ''}"
            for tool in tools
            if case.name in matrix.failed[tool.name] | matrix.hung[tool.name]
        ]
        kind = case.rule if isinstance(case, Trap) else f"good {case.family}"
        yield f"{kind:30} {case.name:44} {', '.join(said) or '-'}"


@dataclass(frozen=True)
class Projects:
    """A project with the gate and all cases, and one with the cases alone."""

    gated: Path
    plain: Path
    environment: Mapping[str, str]

    def run(self, tool: Tool, cases: Iterable[Case], *options: str) -> tuple[set[str], set[str]]:
        """Return the names of the cases that fail with a tool, and of those that never end."""
        tests = {test: case.name for case in cases for test in case.tests()}
        if not tests:
            return set(), set()
        project = self.gated if tool.has_gate else self.plain
        packages = [f"--with={name}" for name in filter(None, (*PACKAGES, tool.package))]
        with tempfile.NamedTemporaryFile() as outcomes:
            done = subprocess.run(
                [
                    *(uv_path(), "run", "--frozen", *packages, "python", "-m", "pytest"),
                    *(*OPTIONS, *tool.options, *options, f"--outcomes={outcomes.name}"),
                    *(WARM_UP, *tests),
                ],
                cwd=project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode not in {0, 1}:
                sys.exit(f"{tool.name}\n{done.stdout}{done.stderr}")
            said = json.loads(Path(outcomes.name).read_text(encoding="utf-8"))
        return {tests[test] for test in said["failed"]}, {tests[test] for test in said["hung"]}


def bake(folder: Path) -> Projects:
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input", "-o", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    gated = folder / "my_backend"
    for case in chain(TRAPS, GOOD):
        case.write(gated)
    plain = folder / "plain"
    shutil.copytree(gated, plain)
    for name, word in (("tests/conftest.py", "behavior_gate"), ("pyproject.toml", "gate_strict")):
        lines = (plain / name).read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(line for line in lines if word not in line)
        (plain / name).write_text(text, encoding="utf-8")
    environment = {name: text for name, text in os.environ.items() if name not in NOT_OURS} | {
        "PYTHONPATH": os.pathsep.join(map(str, (WAYS, LIBRARIES))),
        "UV_PROJECT_ENVIRONMENT": str(folder / "venv"),
        "UV_PYTHON": sys.executable,
        # Runs with the same number share a server and its migrated database.
        "PYTEST_XDIST_TESTRUNUID": uuid4().hex,
    }
    sync = [uv_path(), "sync", "--quiet", "--frozen", "--compile-bytecode"]
    subprocess.run(sync, cwd=gated, env=environment, check=True)
    return Projects(gated, plain, environment)


@contextmanager
def kept_database(projects: Projects) -> Iterator[None]:
    with subprocess.Popen(
        [uv_path(), "run", "--frozen", "python", str(WAYS / "keeper.py")],
        cwd=projects.plain,
        env=dict(projects.environment) | {"PYTHONPATH": str(projects.plain)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as keeper:
        assert keeper.stdout
        assert keeper.stdout.readline() == b"ready\n"
        # The end of its input ends it.
        yield


def run_all(projects: Projects, cases: list[Case]) -> Matrix:
    """Run all cases with each tool, and those that fail or never end again, alone."""
    matrix = Matrix()

    def run(tool: Tool) -> None:
        failed, hung = projects.run(tool, cases)
        tell(f"{tool.name}: {len(failed)} of {len(cases)} fail")
        # A test that never ended may only have been the next one of a fork that a leak had stopped.
        doubtful = [case for case in cases if case.name in failed | hung]
        matrix.failed[tool.name], matrix.hung[tool.name] = projects.run(tool, doubtful, AGAIN)
        tell(f"{tool.name}: {len(matrix.failed[tool.name])} fail each time")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(run, (NOTHING, *TOOLS)):
            pass
    return matrix


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="matrix", description=__doc__)
    parser.add_argument("--each", action="store_true", help="print the tools of each case as well")
    parser.add_argument("names", nargs="*", help="traps and good code to run, if not all")
    arguments = parser.parse_args()
    names = arguments.names or {case.name for case in chain(TRAPS, GOOD)}
    traps = [trap for trap in TRAPS if trap.name in names]
    good = [case for case in GOOD if case.name in names]
    with tempfile.TemporaryDirectory() as folder:
        projects = bake(Path(folder))
        with kept_database(projects):
            matrix = run_all(projects, [*traps, *good])
    if arguments.each:
        print(*each(matrix, [*traps, *good]), "", sep="\n")
    print(*table(matrix, traps, good), sep="\n")


if __name__ == "__main__":
    main()
