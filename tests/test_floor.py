"""The oldest versions: the gate works in them, and says in one line what an older one lacks."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from support.gate import load, load_from_tests
from support.project import TEMPLATE, Done, uv_path

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
SHOP = TEMPLATE / "tests/hosts/shop"
IGNORED = shutil.ignore_patterns("__pycache__")

versions = load("versions")
#: The app of the test needs these besides.
LOWEST = [
    *(
        f"{name}=={'.'.join(map(str, lowest))}.0"
        for name, lowest in (versions.LOWEST | versions.LOWEST_WATCHED).items()
    ),
    *("fastapi==0.115.3", "aiosqlite==0.20.0"),
]
WAYS = ("asyncio", "anyio", "client")
DEFECTS = {
    match[1]: number
    for number, line in enumerate((SHOP / "shop.py").read_text().splitlines(), start=1)
    if (match := re.search(r"# <- (\S+)$", line))
}


class Venv:
    """A virtual environment with packages of our choice."""

    def __init__(self, path: Path, environment: dict[str, str], *packages: str) -> None:
        self.python = str(path / "bin/python")
        self._environment = environment
        for command in (
            ("venv", "--quiet", str(path)),
            ("pip", "install", "--quiet", f"--python={self.python}", *packages),
        ):
            subprocess.run([uv_path(), *command], env=environment, check=True, timeout=300)

    def pytest(self, folder: Path, *options: str) -> Done:
        return subprocess.run(
            [self.python, "-m", "pytest", *options],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("floor") / "shop"
    shutil.copytree(SHOP, path, ignore=IGNORED)
    shutil.copytree(GATE, path / "tests/behavior_gate", ignore=IGNORED)
    (path / "pytest.ini").write_text("[pytest]\ngate_timeout = 1\npythonpath = .\n")
    return path


@pytest.fixture(scope="module")
def lowest(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return Venv(tmp_path_factory.mktemp("lowest") / "venv", environment, *LOWEST)


def test_the_gate_works_in_the_lowest_versions(lowest: Venv, shop: Path) -> None:
    done = lowest.pytest(shop, "-rA", "--gate-report=gate.json")

    report = json.loads((shop / "gate.json").read_text())
    assert report["blind_spots"] == [], done.stdout
    found = {(one["test"], one["rule"], one["path"], one["line"]) for one in report["findings"]}
    assert found == {
        (f"tests/test_shop.py::test_by_{way}[{rule}]", rule, "shop.py", line)
        for way in WAYS
        for rule, line in DEFECTS.items()
    }
    passed = set(re.findall(r"^PASSED (\S+)", done.stdout, re.MULTILINE))
    assert {f"tests/test_shop.py::test_by_{way}[good]" for way in WAYS} <= passed


def test_each_rule_bites_in_the_lowest_versions(lowest: Venv, shop: Path) -> None:
    done = lowest.pytest(shop, "--gate-selftest")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSED" not in done.stdout
    assert done.stdout.count(" caught\n") == len(load("rules").RULES)


def test_one_table_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate as a package, the installer and the doctor ask for the same."""
    requirement = f"pytest>={'.'.join(map(str, versions.LOWEST['pytest']))}"
    settings = tomllib.loads((GATE / "pyproject.toml").read_text(encoding="utf-8"))
    doctor = load("doctor.versions")
    monkeypatch.setattr(doctor, "version", lambda _: "0.0.1")

    needed = {one.name.lower(): one.needed for one in doctor.versions() if one.needed}

    assert settings["project"]["dependencies"] == [requirement]
    assert [*load_from_tests("installer.dependencies").FOR_THE_GATE] == [requirement]
    lowest = versions.LOWEST | versions.LOWEST_WATCHED
    del lowest["pluggy"]
    assert needed == {name: ".".join(map(str, numbers)) for name, numbers in lowest.items()}


@pytest.mark.parametrize(
    ("packages", "name", "found"),
    [
        (("pytest==7.3.2",), "pytest", "7.3.2"),
        (("pytest==7.4.0", "pluggy==1.0.0"), "pluggy", "1.0.0"),
        (("pytest==7.4.0", "pytest-asyncio==0.16.0"), "pytest-asyncio", "0.16.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_older_version_gets_one_line_with_the_fix(
    packages: tuple[str, ...],
    name: str,
    found: str,
    environment: dict[str, str],
    shop: Path,
    tmp_path: Path,
) -> None:
    done = Venv(tmp_path / "venv", environment, *packages).pytest(shop)

    needed = ".".join(map(str, versions.LOWEST[name]))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stdout == ""
    assert done.stderr.splitlines()[-2:] == [
        f"ERROR: the behavior gate needs {name} {needed} or newer, and this is {found}."
        f" Fix: install {name}>={needed}, or do not load the gate here.",
        "",
    ]
    assert "Traceback" not in done.stderr


def test_an_older_library_is_a_blind_spot(
    environment: dict[str, str], shop: Path, tmp_path: Path
) -> None:
    venv = Venv(tmp_path / "venv", environment, "pytest", "sqlalchemy==1.4.54", "starlette==0.40.0")
    nothing = tmp_path / "test_nothing.py"
    nothing.write_text("def test_nothing(): pass\n")

    options = ("-pbehavior_gate", "--noconftest", "--rootdir=.", str(nothing))
    done = venv.pytest(shop / "tests", *options)

    assert done.returncode == 0, done.stdout + done.stderr
    spot, end = "behavior gate: blind spot: ", "the oldest version that the gate knows"
    assert done.stdout.splitlines()[-4:-1] == [
        "behavior gate: 1 test watched by 6 detectors, nothing found",
        f"{spot}sqlalchemy 1.4.54 is older than 2.0, {end}",
        f"{spot}starlette 0.40.0 is older than 0.41, {end}",
    ]


def test_sqlalchemy_without_greenlet_is_as_it_is_without_the_gate(
    environment: dict[str, str], shop: Path, tmp_path: Path
) -> None:
    venv = Venv(tmp_path / "venv", environment, "pytest", "sqlalchemy>=2.1")
    test = tmp_path / "test_import.py"
    test.write_text(
        "import pytest\n\n\ndef test_import():\n    with pytest.raises(ImportError):\n"
        "        import sqlalchemy.ext.asyncio\n"
    )

    options = ("-pbehavior_gate", "--noconftest", "--rootdir=.", str(test))
    done = venv.pytest(shop / "tests", *options)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 test watched by 7 detectors, nothing found" in done.stdout


def old_python() -> str | None:
    """An interpreter that is older than the gate's lowest."""
    old = [f"3.{minor}" for minor in range(8, versions.PYTHON[1])]
    folders = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep)]
    folders += (Path.home() / ".pyenv/versions").glob("*/bin")
    folders += (Path.home() / ".local/share/uv/python").glob("*/bin")
    for name in reversed(old):
        for folder in folders:
            path = folder / f"python{name}"
            if path.exists() and "shims" not in folder.parts:
                return str(path)
    return None


@pytest.mark.skipif(old_python() is None, reason="there is no older Python")
def test_an_older_python_gets_one_line_with_the_fix(
    environment: dict[str, str], shop: Path, tmp_path: Path
) -> None:
    old = {**environment, "UV_PYTHON": str(old_python())}

    done = Venv(tmp_path / "venv", old, "pytest").pytest(shop)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stdout == ""
    assert re.fullmatch(
        r"ERROR: the behavior gate needs Python 3\.11 or newer, and this is 3\.\d+\.\d+\."
        r" Fix: run the tests on a newer Python, or do not load the gate here\.\n\n",
        done.stderr,
    )
