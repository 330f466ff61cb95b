"""A baked project, and the commands that run in it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).resolve().parent.parent.parent
# The migrations of a baked project, oldest first, by revision: "Create users".
MIGRATIONS = {
    path.name[:4]: path.stem[5:].replace("_", " ").capitalize()
    for path in sorted(TEMPLATE.glob("{{cookiecutter.project_slug}}/migrations/versions/0*.py"))
}
HEAD = list(MIGRATIONS)[-1]
# Settings of the user who runs these tests, which a baked project must not see.
NOT_OURS = {
    # In CI, pytest shows the messages of its summary in full.
    *("DATABASE_URL", "SECRET_KEY", "CI", "COLUMNS"),
    *("PYTHONDONTWRITEBYTECODE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV"),
}
# Plugins that come with what the baked project needs. Small repositories that share its virtual
# environment start in half the time without them.
UNUSED_PLUGINS = "-p no:schemathesis -p no:faker -p no:hypothesispytest"
# The tests of a baked project that take half its time and ask nothing of what is around the app.
SLOW_TESTS = ("test_contract.py", "test_interruptions.py", "test_races.py")
#: For one more run of a baked suite, which only asks whether the app and its tests still fit.
QUICK = tuple(f"--ignore=tests/{name}" for name in SLOW_TESTS)

Done = subprocess.CompletedProcess[str]


def uv_path() -> str:
    path = os.environ.get("UV") or shutil.which("uv")
    assert path, "uv is missing. Run the tests with `uv run pytest`."
    return path


def bake(folder: Path, template: Path = TEMPLATE) -> "Project":
    """Bake a project with the default answers into a folder, for one of the tools."""
    environment = {name: text for name, text in os.environ.items() if name not in NOT_OURS}
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(folder)],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return Project(folder / "my_backend", environment)


def copy_template(destination: Path) -> Path:
    """Copy the published files of the template, for a test that changes them."""
    ignored = shutil.ignore_patterns(".git", ".venv", "*cache*", "uv.lock")
    return shutil.copytree(TEMPLATE, destination, ignore=ignored)


def run_measured(*command: str, text: str | None = None, timeout: float, **options: Any) -> Done:
    """Run what measures coverage, and what it has started, in a process group of its own.

    On Python 3.11 it can hang by a defect of the tracing: then it is run once more.
    """
    attempts = 1 if sys.version_info >= (3, 12) else 2
    while True:
        attempts -= 1
        with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
            try:
                output, errors = process.communicate(text, timeout)
            except BaseException as error:
                # Ctrl-C does not reach it there.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not attempts or not isinstance(error, subprocess.TimeoutExpired):
                    raise
            else:
                return Done(command, process.returncode, output, errors)


@dataclass(frozen=True)
class Project:
    """A baked project, and the environment that its commands run in."""

    path: Path
    environment: dict[str, str]
    output: str = ""
    errors: str = ""

    def run(self, *command: str, timeout: float = 300, **variables: str) -> Done:
        """Run a command in the project. The caller checks its exit code."""
        options: dict[str, Any] = {
            "cwd": self.path,
            "env": self.environment | variables,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        if any(part.startswith("--cov") for part in command):
            return run_measured(*command, timeout=timeout, **options)
        return subprocess.run(command, text=True, timeout=timeout, check=False, **options)

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


# What the fixtures `cookiecutter` and `bake` are.
Cookiecutter = Callable[..., Done]
Bake = Callable[..., Project]
