"""A small project with defects, and nothing of ours but the gate itself."""

import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from support.project import TEMPLATE, Done, Project

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
PYTEST_INI = """\
[pytest]
addopts = -p no:randomly -p no:cacheprovider
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
gate_timeout = 1
"""
SHOP = """\
import asyncio
import threading
import time
from collections.abc import Callable

tasks: list[asyncio.Task[None]] = []
fired: list[str] = []


async def sleep() -> None:
    time.sleep(0.01)  # sleep


async def lock() -> bool:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(0.1, lock.release).start()
    return lock.acquire(timeout=5)  # lock


async def leak() -> None:
    tasks.append(asyncio.create_task(asyncio.sleep(60)))  # leak


async def call_from_thread() -> list[str]:
    loop, called = asyncio.get_running_loop(), asyncio.Event()

    def call(callback: Callable[[], None]) -> None:
        loop.call_soon(callback)  # thread

    thread = threading.Thread(target=call, args=(called.set,))
    thread.start()
    await asyncio.sleep(0.05)
    thread.join()
    return ["called"] if called.is_set() else ["refused"]


async def set_timer() -> None:
    asyncio.get_running_loop().call_later(0.5, fired.append, "timer")  # timer


async def hang() -> None:
    await asyncio.Event().wait()  # hang
"""
LINES = {
    line.rpartition("# ")[2]: f"shop.py:{number}"
    for number, line in enumerate(SHOP.splitlines(), start=1)
    if "  # " in line
}

Plant = Callable[..., Project]


def plant_shop(
    folder: Path,
    environment: dict[str, str],
    tests: str,
    settings: str = "",
    conftest: str = "",
) -> Project:
    """Make a project of the shop and one test module, perhaps with settings and a conftest."""
    shutil.copytree(GATE, folder / "behavior_gate")
    project = Project(folder, environment)
    write(project, "pytest.ini", PYTEST_INI + dedent(settings))
    write(project, "shop.py", SHOP)
    write(project, "conftest.py", f'pytest_plugins = ["behavior_gate"]\n{dedent(conftest)}')
    write(project, "test_shop.py", f"import pytest\nimport shop\n\n{dedent(tests)}")
    return project


def write(project: Project, name: str, text: str) -> None:
    (project.path / name).write_text(text, encoding="utf-8")


def run_pytest(project: Project, *options: str, ci: str = "") -> Done:
    python = f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    return project.run(python, "-m", "pytest", *options, COLUMNS="200", CI=ci)
