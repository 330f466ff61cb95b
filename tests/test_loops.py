"""Whoever runs a loop for the tests, the gate watches it: each way of running, each defect."""

import json
import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from conftest import TEMPLATE, Done, Project

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"

APP = '''\
"""An application, each of whose functions has one defect."""

import asyncio
import time
from contextlib import suppress

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEPT = []


async def block() -> None:
    with suppress(Exception):
        time.sleep(0.01)  # blocking.sleep


async def leak() -> None:
    KEPT.append(asyncio.create_task(asyncio.sleep(60)))  # tasks.leaked


async def fail() -> None:
    raise LookupError("nobody sees it")  # tasks.unseen-exception


async def unseen() -> None:
    asyncio.create_task(fail())
    await asyncio.sleep(0)


async def hang() -> None:
    await asyncio.Event().wait()  # requests.hang


def write() -> None:
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        session.execute(text("CREATE TABLE notes (id INTEGER)"))
        session.execute(text("INSERT INTO notes VALUES (1)"))  # database.lost-commit
    engine.dispose()


async def commit() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        await client.get("/write")


async def good() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(0.01))
    async with asyncio.timeout(5):
        await asyncio.to_thread(time.sleep, 0.01)


async def endpoint(request: Request) -> Response:
    name = request.path_params["name"]
    if name in ("commit", "write"):
        await asyncio.to_thread(write)
    else:
        await globals()[name]()
    return JSONResponse({})


app = Starlette(routes=[Route("/{name}", endpoint)])
'''
DEFECTS = {
    "block": "blocking.sleep",
    "leak": "tasks.leaked",
    "unseen": "tasks.unseen-exception",
    "hang": "requests.hang",
    "commit": "database.lost-commit",
}

#: By way of running: the code of one test, for the name of a function of the application.
WAYS = {
    "run": "def test_{name}():\n    asyncio.run(shop.{name}())",
    "runner": "def test_{name}():\n    with asyncio.Runner() as runner:\n"
    "        runner.run(shop.{name}())\n        runner.run(shop.good())",
    "new_loop": "def test_{name}():\n    loop = asyncio.new_event_loop()\n    try:\n"
    "        loop.run_until_complete(shop.{name}())\n    finally:\n        loop.close()",
    "fixture": "@pytest.fixture\ndef {name}():\n    asyncio.run(shop.{name}())\n\n"
    "def test_{name}({name}):\n    pass",
    "case": "class Test_{name}(unittest.IsolatedAsyncioTestCase):\n"
    "    async def test_{name}(self):\n        await shop.{name}()",
    "client": "def test_{name}():\n    with TestClient(shop.app) as client:\n"
    '        client.get("/good")\n        client.get("/{name}")',
    "client_alone": 'def test_{name}():\n    TestClient(shop.app).get("/{name}")',
    "strict": "@pytest.mark.asyncio\nasync def test_{name}():\n    await shop.{name}()",
    "module": '@pytest.mark.asyncio(loop_scope="module")\n'
    "async def test_{name}():\n    await shop.{name}()",
    "session": '@pytest.mark.asyncio(loop_scope="session")\n'
    "async def test_{name}():\n    await shop.{name}()",
    "async_fixture": "@pytest_asyncio.fixture\nasync def {name}():\n    await shop.{name}()\n\n"
    "@pytest.mark.asyncio\nasync def test_{name}({name}):\n    pass",
}
AUTO = {"auto": "async def test_{name}():\n    await shop.{name}()"}
ANYIO = {
    "anyio": "@pytest.mark.anyio\nasync def test_{name}():\n    await shop.{name}()",
    "anyio_fixture": "@pytest.fixture\nasync def {name}(anyio_backend):\n    await shop.{name}()\n\n"
    "@pytest.mark.anyio\nasync def test_{name}({name}):\n    pass",
}
PRELUDE = """\
import asyncio
import unittest

import pytest
import pytest_asyncio
import shop
from starlette.testclient import TestClient

"""


class Run:
    """A run of pytest over each function of the application, in some ways of running."""

    def __init__(
        self, project: Project, folder: Path, ways: dict[str, str], *options: str
    ) -> None:
        shutil.copytree(GATE, folder / "behavior_gate", dirs_exist_ok=True)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "shop.py").write_text(APP, encoding="utf-8")
        conftest = """\
            import pytest

            pytest_plugins = ["behavior_gate"]

            @pytest.fixture
            def anyio_backend():
                return "asyncio"
            """
        (folder / "conftest.py").write_text(dedent(conftest), encoding="utf-8")
        for way, code in ways.items():
            tests = [code.format(name=name) for name in (*DEFECTS, "good")]
            path = folder / f"test_{way}.py"
            path.write_text(PRELUDE + "\n\n".join(tests) + "\n", encoding="utf-8")
        self.done = Project(folder, project.environment).run(
            f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python",
            *("-m", "pytest", "-p", "no:randomly", "-q", "--override-ini=gate_timeout=1"),
            *("--gate-report=gate.json", *options),
        )
        report = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
        self.blind_spots: list[str] = report["blind_spots"]
        self.findings: dict[str, list[tuple[str, str]]] = {}
        for found in report["findings"]:
            way = re.search(r"test_(\w+)\.py", found["test"] or "")
            name = (found["test"] or "").rpartition("test_")[2]
            key = f"{way and way.group(1)}-{name}"
            place = f"{found['path']}:{found['line']}"
            self.findings.setdefault(key, []).append((found["rule"], place))


@pytest.fixture(scope="module")
def run_of(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    def run(ways: dict[str, str], *options: str) -> Run:
        return Run(installed, tmp_path_factory.mktemp("loops"), ways, *options)

    runs = {
        **dict.fromkeys(WAYS, run(WAYS, "--asyncio-mode=strict", "-p", "no:anyio")),
        **dict.fromkeys(AUTO, run(AUTO, "--asyncio-mode=auto", "-p", "no:anyio")),
        **dict.fromkeys(ANYIO, run(ANYIO, "-p", "no:asyncio")),
    }
    return runs


def line_of(rule: str) -> str:
    (number,) = (
        number for number, line in enumerate(APP.splitlines(), 1) if line.endswith(f"# {rule}")
    )
    return f"shop.py:{number}"


@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.parametrize("way", [*WAYS, *AUTO, *ANYIO])
def test_a_defect_is_found_in_its_test_and_at_its_line(
    way: str, name: str, run_of: dict[str, Run]
) -> None:
    rule = DEFECTS[name]

    assert run_of[way].findings.get(f"{way}-{name}") == [(rule, line_of(rule))], run_of[
        way
    ].done.stdout


@pytest.mark.parametrize("way", [*WAYS, *AUTO, *ANYIO])
def test_good_code_is_silent(way: str, run_of: dict[str, Run]) -> None:
    assert run_of[way].findings.get(f"{way}-good") is None
    assert run_of[way].blind_spots == []
