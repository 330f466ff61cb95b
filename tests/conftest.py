"""Bakes projects for the tests."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.project import (
    NOT_OURS,
    TEMPLATE,
    UNUSED_PLUGINS,
    Bake,
    Cookiecutter,
    Done,
    Project,
    uv_path,
)
from support.shapes import SHAPES, Environment, make_environment, make_venv

# Where the tests run in the background, their children would ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The pytest of a child is no worker of ours.
for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
    del os.environ[name]


# The files that take long, the longest first: a worker takes the next file when it is done with
# one, and at the end none should wait for a long one of another.
LONGEST = (
    *("ci", "failures", "exploration", "shapes", "races_of_baked", "gate", "doctor", "apps"),
    *("walk", "dev", "database_of_baked", "baked_suite", "migrations_of_baked", "installer"),
    *("baseline", "blind_spots", "readme", "hosts", "harness", "interruptions", "modes"),
    *("fixtures", "rules", "distribution", "answers", "loops", "layouts", "report", "terminal"),
    *("serving", "updates", "input_of_baked", "many_processes", "bake", "embedded_postgres"),
    *("floor", "costs", "lists", "example", "diffs"),
)
RANKS = {f"test_{name}.py": rank for rank, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: RANKS.get(item.path.name, len(RANKS)))


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder for what the workers share, as none of them changes it."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep the other workers waiting while one of them fills a folder."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, common: Path) -> dict[str, str]:
    """Variables for child processes: all projects share a virtual environment."""
    home = tmp_path_factory.mktemp("environment")
    config = home / "cookiecutter.yaml"
    config.write_text(
        json.dumps({f"{kind}_dir": str(home / kind) for kind in ("cookiecutters", "replay")}),
        encoding="utf-8",
    )
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return ours | {
        "COOKIECUTTER_CONFIG": str(config),
        # What mypy has learned of the libraries is the same in all projects.
        "MYPY_CACHE_DIR": str(common / "mypy"),
        "PYTEST_ADDOPTS": UNUSED_PLUGINS,
        "UV": uv_path(),
        "UV_PROJECT_ENVIRONMENT": str(home / "venv"),
        "UV_PYTHON": sys.executable,
    }


@pytest.fixture(scope="session")
def cookiecutter(environment: dict[str, str]) -> Cookiecutter:
    """The command line of cookiecutter: options and `answer=value` arguments."""

    def run(*arguments: str | Path, cwd: Path, **variables: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "cookiecutter", TEMPLATE, *arguments],
            cwd=cwd,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def bake(
    cookiecutter: Cookiecutter,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Bake:
    """Bakes a project with the given answers, and the defaults for the others."""

    def run(*options: str, variables: dict[str, str] | None = None, **answers: str) -> Project:
        folder = tmp_path_factory.mktemp("baked")
        texts = [f"{question}={answer}" for question, answer in answers.items()]
        done = cookiecutter("--no-input", *options, *texts, cwd=folder, **(variables or {}))
        assert done.returncode == 0, done.stdout + done.stderr
        (path,) = folder.iterdir()
        return Project(path, environment, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def render(bake: Bake) -> Bake:
    """Bakes a project without running the hooks, which takes a tenth of the time."""

    def run(**answers: str) -> Project:
        return bake("--accept-hooks=no", **answers)

    return run


@pytest.fixture(scope="session")
def baked(bake: Bake) -> Project:
    """The project with all the default answers. Not for tests that change it."""
    return bake()


@pytest.fixture(scope="session")
def installed(baked: Project) -> Project:
    """The same, with its virtual environment."""
    baked.succeed("sync", "--frozen", "--compile-bytecode")
    return baked


@pytest.fixture(scope="session")
def small_environment(baked: Project, common: Path) -> dict[str, str]:
    """Variables for small repositories that need nothing but pytest, which starts fastest there."""
    locked = tomllib.loads(baked.read("uv.lock"))["package"]
    versions = {package["name"]: package["version"] for package in locked}
    names = ("pytest", "pytest-asyncio", "pytest-xdist")
    packages = [f"{name}=={versions[name]}" for name in names]
    with one_at_a_time(common / "small"):
        venv = make_venv(common / "small", packages)
    return baked.environment | {"UV_PROJECT_ENVIRONMENT": str(venv)}


@pytest.fixture(scope="session")
def shapes_environment(common: Path) -> Environment:
    """The packages of all foreign shapes, in one virtual environment."""
    with one_at_a_time(common / "shapes"):
        return make_environment(common / "shapes", SHAPES)
