"""Print what `slow` says of code that takes more or less than its limits.

Run it by `uv run --directory tests python -m tools.benchmark_slow`. Each line is one piece of code
in an endpoint, and how many of the runs of it were told, on this machine as it is and with busy
processes beside.
"""

import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from support.project import bake, uv_path

RUNS = 50
BUSY = 4

APP = """\
import ctypes
import time

from fastapi import FastAPI

app = FastAPI()


def work(steps):
    total = 0
    for step in range(steps):
        total += step * step


def steps_in_a_millisecond():
    best = 1.0
    for _ in range(100):
        began = time.thread_time()
        work(10_000)
        best = min(best, time.thread_time() - began)
    return 10 / best


@app.get("/cpu/{steps}")
async def cpu(steps: int) -> None:
    work(steps)


@app.get("/blocked/{milliseconds}")
async def blocked(milliseconds: int) -> None:
    ctypes.CDLL(None).usleep(1000 * milliseconds)


@app.get("/expression")
async def expression() -> None:
    sum(n * n for n in range(3_000_000))
"""

TEST = """\
import json
from pathlib import Path

import httpx
import pytest

from app.costs import app

PATHS = json.loads(Path("paths.json").read_text())


@pytest.mark.parametrize("run", range({runs}))
@pytest.mark.parametrize("name", PATHS)
async def test_cost(name, run) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        assert (await client.get(PATHS[name])).status_code == 200
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        baked = bake(Path(folder))
        project, environment = baked.path, baked.environment
        (project / "app/costs.py").write_text(APP, encoding="utf-8")
        (project / "tests/test_costs.py").write_text(TEST.format(runs=RUNS), encoding="utf-8")
        python = [uv_path(), "run", "--quiet", "python"]
        code = "from app.costs import *; print(steps_in_a_millisecond())"
        done = subprocess.run(
            [*python, "-c", code],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        steps = float(done.stdout)
        shares = (0.5, 0.8, 1, 1.2, 1.5, 2, 3)
        paths = {f"{share:g} x 50 ms of CPU": f"/cpu/{share * 50 * steps:.0f}" for share in shares}
        paths |= {f"{share:g} x 100 ms blocked": f"/blocked/{share * 100:.0f}" for share in shares}
        paths["a sum over 3,000,000"] = "/expression"
        (project / "paths.json").write_text(json.dumps(paths), encoding="utf-8")

        idle = told(project, environment)
        others = [subprocess.Popen([*python, "-c", "while True: pass"]) for _ in range(BUSY)]
        try:
            busy = told(project, environment)
        finally:
            for other in others:
                other.terminate()
    print(f"told of {RUNS}             idle  {BUSY} busy")
    for name in paths:
        print(f"{name:24}{idle[name]:4}{busy[name]:8}")


def told(project: Path, environment: dict[str, str]) -> Counter[str]:
    """Count the runs in which `slow` spoke, by the name of the code."""
    command = [uv_path(), "run", "--quiet", "pytest", "tests/test_costs.py", "-q"]
    subprocess.run(
        [*command, "--gate-report=gate.json"],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    findings = json.loads((project / "gate.json").read_text(encoding="utf-8"))["findings"]
    tests = {finding["test"] for finding in findings if finding["detector"] == "slow"}
    return Counter(test.partition("[")[2].rpartition("-")[0] for test in tests)


if __name__ == "__main__":
    main()
