"""What pytest takes for tests, fixtures and plugins holds up nobody, whatever it is called."""

import json
from pathlib import Path

from support.project import Project

HELPERS = """
import time


def wait() -> None:
    time.sleep(0.001)


async def serve() -> None:
    wait()
"""

PLUGIN = """
import pytest

from app.helpers import wait


class Accounts:
    async def create(self) -> None:
        wait()


@pytest.fixture
async def account() -> None:
    await Accounts().create()
"""

CHECKS = """
from app.helpers import serve, wait


class FakeClock:
    async def sleep(self) -> None:
        wait()


async def test_plain(account: None) -> None:
    wait()
    await FakeClock().sleep()


async def test_coroutine() -> None:
    await serve()
"""


def test_only_a_coroutine_of_the_application_is_held_up(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "project")
    for name, text in (
        ("app/helpers.py", HELPERS),
        ("app/accounts_plugin.py", PLUGIN),
        ("checks/check_clock.py", CHECKS),
    ):
        path = project.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    done = project.uv(
        *("run", "--frozen", "pytest", "checks", "-p", "app.accounts_plugin"),
        *("-p", "tests.behavior_gate", "--override-ini=python_files=check_*.py"),
        "--gate-report=gate.json",
        PYTHONPATH=str(project.path),
    )

    assert "1 failed, 1 passed" in done.stdout, done.stdout
    (finding,) = json.loads(project.read("gate.json"))["findings"]
    assert (finding["test"], finding["rule"], finding["line"]) == (
        "checks/check_clock.py::test_coroutine",
        "blocking.sleep",
        6,
    )
