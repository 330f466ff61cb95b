"""Bakes projects for the tests, and runs commands in them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parent.parent
# Settings of the user who runs these tests, which a baked project must not see.
NOT_OURS = {
    # In CI, pytest shows the messages of its summary in full.
    *("DATABASE_URL", "SECRET_KEY", "CI"),
    *("PYTHONDONTWRITEBYTECODE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV"),
}

# Where the tests run in the background, their children would ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

Done = subprocess.CompletedProcess[str]


def uv_path() -> str:
    path = os.environ.get("UV") or shutil.which("uv")
    assert path, "uv is missing. Run the tests with `uv run pytest`."
    return path


def copy_template(destination: Path) -> Path:
    """Copy the published files of the template, for a test that changes them."""
    ignored = shutil.ignore_patterns(".git", ".venv", "*cache*", "uv.lock")
    return shutil.copytree(TEMPLATE, destination, ignore=ignored)


@dataclass(frozen=True)
class Project:
    """A baked project, and the environment that its commands run in."""

    path: Path
    environment: dict[str, str]
    output: str = ""
    errors: str = ""

    def run(self, *command: str, timeout: float = 300, **variables: str) -> Done:
        """Run a command in the project. The caller checks its exit code."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def uv(self, *arguments: str, timeout: float = 300, **variables: str) -> Done:
        return self.run(uv_path(), *arguments, timeout=timeout, **variables)

    def succeed(self, *arguments: str, timeout: float = 300, **variables: str) -> str:
        """Run uv, and return what it printed. It has to succeed."""
        done = self.uv(*arguments, timeout=timeout, **variables)
        assert done.returncode == 0, f"uv {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def copy(self, destination: Path) -> "Project":
        """Copy the project, for a test that changes it."""
        shutil.copytree(self.path, destination, symlinks=True)
        return Project(destination, self.environment)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
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
        "UV": uv_path(),
        "UV_PROJECT_ENVIRONMENT": str(home / "venv"),
        "UV_PYTHON": sys.executable,
    }


Cookiecutter = Callable[..., Done]


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


Bake = Callable[..., Project]


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
