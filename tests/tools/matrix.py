"""Print which trap is caught by what: `uv run --directory tests python -m tools.matrix`.

Each trap runs in a process of its own, once with each of: no gate; asyncio's debug mode; warnings
as errors; stock blockbuster; the behavior gate. A run that does not end within the limit "hangs":
it has no result.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.project import TEMPLATE, uv_path
from support.traps import LIBRARIES, TRAPS, Trap
from test_gate import PACKAGES

LIMIT = 20  # seconds
STOCK_BLOCKBUSTER = """\
import pytest
from blockbuster import blockbuster_ctx


@pytest.fixture(autouse=True)
def _stock_blockbuster():
    # Without naming the app, what asyncpg and FastAPI do at their first call fails every test.
    with blockbuster_ctx("app"):
        yield
"""
PLAIN = ("--override-ini=filterwarnings=", "--override-ini=asyncio_debug=false")
COLUMNS = {
    "nothing": PLAIN,
    "debug": (PLAIN[0], "--override-ini=asyncio_debug=true"),
    "-W error": (*PLAIN, "-Werror"),
    "blockbuster": (*PLAIN, "-pstock_blockbuster"),
    "gate": ("--override-ini=gate_timeout=2",),
}


def bake(folder: Path) -> tuple[Path, Path]:
    """Return a project with the gate and the traps, and one with the traps alone."""
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input", "-o", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    gated = folder / "my_backend"
    for trap in TRAPS:
        trap.write(gated)
    plain = folder / "plain"
    shutil.copytree(gated, plain)
    conftest = plain / "tests/conftest.py"
    lines = conftest.read_text(encoding="utf-8").splitlines(keepends=True)
    conftest.write_text("".join(x for x in lines if "behavior_gate" not in x), encoding="utf-8")
    (plain / "stock_blockbuster.py").write_text(STOCK_BLOCKBUSTER, encoding="utf-8")
    return gated, plain


def run(project: Path, environment: dict[str, str], trap: Trap, options: tuple[str, ...]) -> str:
    packages = [f"--with={package}" for package in (*PACKAGES, "blockbuster")]
    command = [uv_path(), "run", *packages, "python", "-m", "pytest", *options, *trap.tests()]
    process = subprocess.Popen(
        command,
        cwd=project,
        env=environment | {"PYTHONPATH": str(LIBRARIES)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return "hangs"
    return {0: "-", 1: "caught"}.get(code, f"exit {code}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        gated, plain = bake(Path(folder))
        environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(Path(folder, "venv"))}
        environment.pop("VIRTUAL_ENV", None)
        subprocess.run(
            [uv_path(), "sync", "--quiet", "--frozen", "--compile-bytecode"],
            cwd=gated,
            env=environment,
            check=True,
        )
        results = {
            (trap.name, column): pool.submit(
                run, gated if column == "gate" else plain, environment, trap, options
            )
            for trap in TRAPS
            for column, options in COLUMNS.items()
        }
        print(f"{'trap':36}{'rule':30}", *(f"{column:12}" for column in COLUMNS), sep="")
        for trap in TRAPS:
            cells = [results[trap.name, column].result() for column in COLUMNS]
            print(f"{trap.name:36}{trap.rule:30}", *(f"{c:12}" for c in cells), sep="")
        for column in COLUMNS:
            caught = sum(results[trap.name, column].result() == "caught" for trap in TRAPS)
            print(f"{column}: {caught} of {len(TRAPS)} caught")


if __name__ == "__main__":
    main()
