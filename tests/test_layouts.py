"""Do the copied fixtures work wherever tests lie, and does each say what it misses?"""

import dataclasses
from pathlib import Path

import pytest
from support.shapes import SHAPES, Environment, Shape, lay_out

BY_NAME = {shape.name: shape for shape in SHAPES}
PLUGINS = (
    *("behavior_gate", "postgres.fixtures", "isolation.fixtures", "exploration.fixtures"),
    "app_under_test",
)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def with_xdist(shape: Shape) -> Shape:
    return dataclasses.replace(shape, packages=(*shape.packages, "pytest-xdist"))


def laid_out(name: str, parent: Path) -> tuple[Shape, Path]:
    shape = BY_NAME[name]
    return shape, lay_out(shape, parent)


def test_tests_in_no_package_with_the_import_mode_importlib(
    shapes_environment: Environment, tmp_path: Path
) -> None:
    shape, path = laid_out("request_state", tmp_path)
    replace(path / "tests/app_under_test.py", "from isolation import", "from .isolation import")

    run = shapes_environment.pytest(shape, path, "--import-mode=importlib", "-opythonpath=.")

    assert run.code == 0, run.output
    assert len(run.good) == shape.passed


@pytest.mark.parametrize("conftest", ["backend/tests/conftest.py", "conftest.py"])
def test_tests_in_a_nested_package(
    shapes_environment: Environment, tmp_path: Path, conftest: str
) -> None:
    shape, path = laid_out("split_settings", tmp_path)
    (path / "backend").mkdir()
    for name in ("orders", "tests"):
        (path / name).rename(path / "backend" / name)
    (path / "backend/__init__.py").touch()
    (path / "backend/tests/conftest.py").unlink()
    plugins = [f"backend.tests.{name}" for name in PLUGINS]
    (path / conftest).write_text(f"pytest_plugins = {plugins}\n", encoding="utf-8")

    run = shapes_environment.pytest(shape, path, "-opythonpath=backend", "backend/tests")

    assert run.code == 0, run.output
    assert len(run.good) == shape.passed


def test_a_repository_that_does_not_say_how_its_app_is_started(
    shapes_environment: Environment, tmp_path: Path
) -> None:
    shape, path = laid_out("shop", tmp_path)
    (path / "tests/app_under_test.py").write_text("", encoding="utf-8")

    run = shapes_environment.pytest(shape, path)

    assert run.code == 4
    assert (
        "Exit: No plugin of pytest defines `migrate` and `running_app`. Write them in "
        "app_under_test.py, and name it in `pytest_plugins` of the top-level conftest.py."
        in run.output
    )


def test_migrations_of_another_database_are_refused(
    shapes_environment: Environment, tmp_path: Path
) -> None:
    shape, path = laid_out("app_factory", tmp_path)
    # Alembic's env.py asks the settings, which nobody has told about the database of the tests.
    replace(path / "tests/app_under_test.py", '"BOOKINGS_DATABASE_DSN"', '"ANOTHER_NAME"')

    run = shapes_environment.pytest(shape, path)

    assert run.code == 4
    assert (
        "The schema can't be built: ForeignDatabaseError: The database 'bookings' is not a test "
        "database, and may hold real data. Connect to the URL that `migrate` and `running_app` are "
        "given, at alembic/env.py:" in run.output
    )


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "workers"])
def test_that_a_driver_can_not_share_a_connection_is_said_once(
    shapes_environment: Environment, tmp_path: Path, options: tuple[str, ...]
) -> None:
    shape, path = laid_out("psycopg_async", tmp_path)

    run = shapes_environment.pytest(with_xdist(shape), path, *options)

    assert run.code == 0, run.output
    assert (
        run.output.count("isolation: psycopg can't share the connection of a test, so each ") == 1
    )


def test_workers_share_a_server_on_the_loopback_interface(
    shapes_environment: Environment, tmp_path: Path
) -> None:
    shape, path = laid_out("split_settings", tmp_path)

    run = shapes_environment.pytest(with_xdist(shape), path, "-n2")

    assert run.code == 0, run.output
    assert len(run.good) == shape.passed


LAZY = """
import os
from functools import lru_cache

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()


@lru_cache
def get_engine():
    return create_async_engine(os.environ["CATALOGUE_DB"])


@app.get("/")
async def index() -> int:
    async with get_engine().connect() as connection:
        return await connection.scalar(text("SELECT 1"))
"""
LAZY_TEST = """
async def test_index(client):
    assert (await client.get("/")).json() == 1
"""


def test_an_engine_that_is_made_too_late_to_be_found_is_refused_with_a_hint(
    shapes_environment: Environment, tmp_path: Path
) -> None:
    shape, path = laid_out("psycopg_async", tmp_path)
    (path / "catalogue/lazy.py").write_text(LAZY, encoding="utf-8")
    (path / "tests/test_films.py").write_text(LAZY_TEST, encoding="utf-8")
    says = path / "tests/app_under_test.py"
    replace(
        says,
        "from catalogue.app import Base, app",
        "from catalogue.app import Base\nfrom catalogue.lazy import app",
    )

    run = shapes_environment.pytest(shape, path)

    assert run.code == 1
    assert (
        "The test has one connection, but psycopg opens another one, which would not see what the "
        "test has written. Mark the test with `@pytest.mark.real_commits`, which gives it its own "
        "database. For all tests, set `real_commits = True` in app_under_test.py." in run.output
    )

    says.write_text(says.read_text() + "\n\nreal_commits = True\n", encoding="utf-8")
    run = shapes_environment.pytest(shape, path)

    assert run.code == 0, run.output
