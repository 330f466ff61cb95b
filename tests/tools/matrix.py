"""Print which tool catches which defect: `uv run --directory tests python -m tools.matrix`.

Runs all traps and all good code with each tool, set up as its own documentation recommends, and
prints a table in Markdown: the traps found, by family, and the false alarms. `--each` also prints
which traps and which good code each tool failed. `--write` puts the table into the README.

A tool has found a trap if its test fails with the tool, each time. Of good code that passes without
a tool, that is a false alarm. The tests run after a warm-up, so that no tool is blamed for what an
app does once.
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

from support.project import NOT_OURS, TEMPLATE, bake, uv_path
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
    #: What it is made for, in a few words.
    purpose: str = ""
    has_gate: bool = False


README = TEMPLATE / "README.md"
#: Around the table in the README.
BEGIN, END = "<!-- tools.matrix -->", "<!-- /tools.matrix -->"
#: A failure that comes only sometimes is the machine's.
AGAIN = "--alone=2"
NOTHING = Tool("nothing", purpose="pytest alone")
TOOLS = (
    Tool(
        "debug mode",
        # https://docs.python.org/3/library/asyncio-dev.html#debug-mode
        ("--override-ini=filterwarnings=default", "--override-ini=asyncio_debug=true"),
        purpose="a log of slow callbacks",
    ),
    Tool(
        "`-W error`",
        # https://docs.pytest.org/en/stable/how-to/capture-warnings.html
        (PLAIN[1], "-Werror"),
        purpose="warnings",
    ),
    Tool(
        "blockbuster",
        (*PLAIN, "-p", "with_blockbuster"),
        "blockbuster",
        "blocking calls",
    ),
    Tool(
        "pyleak",
        (*PLAIN, "-p", "with_pyleak"),
        "pyleak",
        "leaked tasks, a blocked loop",
    ),
    Tool(
        "aiocop",
        (*PLAIN, "-p", "with_aiocop"),
        "aiocop",
        "blocking calls in a server",
    ),
    Tool(
        "fastapi-loopguard",
        # https://github.com/parhamdavari/fastapi-loopguard/blob/main/docs/AI-HARNESS.md
        (*PLAIN, "--loopguard-all-async"),
        "fastapi-loopguard",
        "a blocked loop",
    ),
    Tool("this gate", (SHORT_HANGS, "--together"), purpose="all of these", has_gate=True),
)


@dataclass
class Matrix:
    """The names of the cases that fail, by tool, and those that never end."""

    failed: dict[str, set[str]] = field(default_factory=dict)
    hung: dict[str, set[str]] = field(default_factory=dict)

    def found(self, tool: Tool, traps: Iterable[Case]) -> int:
        """Count the traps whose tests fail with a tool."""
        return len({trap.name for trap in traps} & self.failed[tool.name])

    def false_alarms(self, tool: Tool, good: Iterable[Case]) -> int:
        """Count the good code whose tests fail with a tool alone."""
        names = {case.name for case in good} & self.failed[tool.name]
        return len(names if tool == NOTHING else names - self.failed[NOTHING.name])


def table(matrix: Matrix, traps: list[Trap], good: list[Case]) -> Iterator[str]:
    """Return the lines of the table."""
    tools = (NOTHING, *TOOLS)

    def row(name: str, cells: Iterable[object]) -> str:
        return f"| {' | '.join([name, *map(str, cells)])} |"

    def found(cases: list[Trap]) -> list[int]:
        return [matrix.found(tool, cases) for tool in tools]

    yield row("defects found", (tool.name for tool in tools))
    yield row("---", ["--:" for _ in tools])
    yield row("made for", (tool.purpose for tool in tools))
    for family in DETECTORS:
        cases = [trap for trap in traps if trap.family == family]
        yield row(f"`{family}` ({len(cases)})", found(cases))
    yield row(f"**all** ({len(traps)})", (f"**{count}**" for count in found(traps)))
    yield row(
        f"**false alarms** ({len(good)})",
        (f"**{matrix.false_alarms(tool, good)}**" for tool in tools),
    )


def written(readme: str, lines: Iterable[str]) -> str:
    """Return a README with these lines between the marks of the table."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return "\n".join([before + begin, *lines, end + after])


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


def lay_out(folder: Path) -> Projects:
    gated = bake(folder).path
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
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("names", nargs="*", help="traps and good code to run, if not all")
    arguments = parser.parse_args()
    if arguments.write and arguments.names:
        parser.error("the README shows all traps and good code: leave out the names")
    names = arguments.names or {case.name for case in chain(TRAPS, GOOD)}
    traps = [trap for trap in TRAPS if trap.name in names]
    good = [case for case in GOOD if case.name in names]
    with tempfile.TemporaryDirectory() as folder:
        projects = lay_out(Path(folder))
        with kept_database(projects):
            matrix = run_all(projects, [*traps, *good])
    if arguments.each:
        print(*each(matrix, [*traps, *good]), "", sep="\n")
    lines = list(table(matrix, traps, good))
    print(*lines, sep="\n")
    if arguments.write:
        text = README.read_text(encoding="utf-8")
        README.write_text(written(text, lines), encoding="utf-8")


if __name__ == "__main__":
    main()
