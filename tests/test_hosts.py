"""In a repository of others, the gate breaks nothing, however it is loaded and set up."""

import ast
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.project import TEMPLATE, UNUSED_PLUGINS, Done, Project

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"
SETTINGS = TEMPLATE / "tests/hosts/settings"
IGNORED = shutil.ignore_patterns("__pycache__")
TEST = """\
import pytest


async def send_mail(): pass


@pytest.mark.asyncio
async def test_good(): await send_mail()


@pytest.mark.asyncio
async def test_bad(): send_mail()
"""


@dataclass(frozen=True)
class Host:
    """A repository that has nothing of ours but the gate."""

    project: Project

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.project.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def pytest(self, *options: str, cwd: str = ".", **variables: str) -> Done:
        # The command itself: `python -m pytest` puts the folder onto the path.
        command = f"{self.project.environment['UV_PROJECT_ENVIRONMENT']}/bin/pytest"
        host = Project(self.project.path / cwd, self.project.environment)
        options_of_all = {"PYTEST_ADDOPTS": f"-rA {UNUSED_PLUGINS}"}
        return host.run(command, *options, timeout=120, **options_of_all | variables)


@pytest.fixture
def host(installed: Project, tmp_path: Path) -> Host:
    return Host(Project(tmp_path / "host", installed.environment))


def copy_gate(host: Host, folder: str) -> None:
    shutil.copytree(GATE, host.project.path / folder / "behavior_gate", ignore=IGNORED)


def outcomes(done: Done) -> dict[str, str]:
    """What became of each test. One that fails at its end has passed before."""
    _, _, told = done.stdout.rpartition(" short test summary info ")
    found: dict[str, str] = {}
    for outcome, test in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\S+)", told, re.MULTILINE):
        found[test] = "good" if outcome == "PASSED" and test not in found else "bad"
    return found


# How it is loaded


def ini(*lines: str) -> str:
    return "\n".join(["[pytest]", "asyncio_mode = strict", *lines, ""])


def loads(name: str) -> str:
    return f'pytest_plugins = ["{name}"]\n'


IMPORTLIB = "addopts = --import-mode=importlib"
LATE = {
    "service/tests/__init__.py": "",
    "service/tests/conftest.py": loads("tests.behavior_gate"),
}
LAYOUTS = {
    "a package": (
        "tests",
        {"tests/__init__.py": "", "tests/conftest.py": loads("tests.behavior_gate")},
        ini(),
    ),
    "no package": ("tests", {"tests/conftest.py": loads("behavior_gate")}, ini()),
    "importlib and a package": (
        "tests",
        {"tests/__init__.py": "", "tests/conftest.py": loads("tests.behavior_gate")},
        ini(IMPORTLIB),
    ),
    "importlib and no package": (
        "tests",
        {"tests/conftest.py": loads("behavior_gate")},
        ini(IMPORTLIB, "pythonpath = tests"),
    ),
    "a conftest in a service": (
        "service/tests",
        {
            "service/tests/__init__.py": "",
            "service/tests/conftest.py": loads("tests.behavior_gate"),
        },
        ini("testpaths = service/tests"),
    ),
    "a conftest above the tests": (
        "service/tests",
        {"conftest.py": loads("behavior_gate"), "service/tests/conftest.py": ""},
        ini("pythonpath = service/tests"),
    ),
    "an option": ("tests", {}, ini("addopts = -p behavior_gate", "pythonpath = tests")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_gate_is_loaded_in_each_layout(layout: str, host: Host) -> None:
    folder, files, settings = LAYOUTS[layout]
    host.write({**files, "pytest.ini": settings, f"{folder}/test_it.py": TEST})
    copy_gate(host, folder)
    # Another distribution has installed a package of this name.
    host.write({"site-packages/tests/__init__.py": ""})

    done = host.pytest(PYTHONPATH=str(host.project.path / "site-packages"))

    assert outcomes(done) == {"test_good": "good", "test_bad": "bad"}, done.stdout + done.stderr
    assert "2 tests watched by 7 detectors, 1 finding" in done.stdout


def test_a_conftest_that_pytest_loads_too_late_is_refused_with_what_to_do(host: Host) -> None:
    host.write({**LATE, "service/tests/test_it.py": TEST, "pytest.ini": ini()})
    copy_gate(host, "service/tests")

    done = host.pytest()

    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "Please move it to a top level conftest file at the rootdir" in done.stdout


def test_a_second_copy_steps_aside_and_is_named(host: Host) -> None:
    files = {"tests/__init__.py": "", "tests/conftest.py": loads("tests.behavior_gate")}
    settings = ini("pythonpath = other", "addopts = -p behavior_gate")
    host.write({**files, "pytest.ini": settings, "tests/test_it.py": TEST})
    copy_gate(host, "tests")
    copy_gate(host, "other")

    done = host.pytest()

    assert outcomes(done) == {"test_good": "good", "test_bad": "bad"}, done.stdout + done.stderr
    assert (
        "behavior gate: loaded twice, as behavior_gate and tests.behavior_gate. The first is used."
        " Fix: remove the other one.\n"
    ) in done.stdout


def test_an_installed_gate_and_a_copy_are_one(host: Host) -> None:
    folder = "installed/gate-1.0.dist-info"
    host.write(
        {
            f"{folder}/METADATA": "Metadata-Version: 2.1\nName: gate\nVersion: 1.0\n",
            f"{folder}/entry_points.txt": "[pytest11]\nbehavior_gate = behavior_gate\n",
            "tests/__init__.py": "",
            "tests/conftest.py": loads("tests.behavior_gate"),
            "tests/test_it.py": TEST,
            "pytest.ini": ini(),
        }
    )
    copy_gate(host, "installed")
    copy_gate(host, "tests")

    done = host.pytest(PYTHONPATH=str(host.project.path / "installed"))

    assert outcomes(done) == {"test_good": "good", "test_bad": "bad"}, done.stdout + done.stderr
    assert "loaded twice, as behavior_gate and tests.behavior_gate." in done.stdout


def test_no_module_of_the_gate_names_a_package_of_its_host() -> None:
    for file in GATE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(str(node.module))
            packages = {name.partition(".")[0] for name in names}
            assert not packages & {"app", "behavior_gate", "tests"}, file


# What is set up there


@pytest.mark.parametrize(
    "plugin",
    ["capture", "logging", "terminal", "threadexception", "unraisableexception", "warnings"],
)
def test_a_plugin_of_pytest_that_is_switched_off_is_not_needed(plugin: str, host: Host) -> None:
    host.write(
        {
            "tests/__init__.py": "",
            "tests/conftest.py": loads("tests.behavior_gate"),
            "tests/test_it.py": TEST,
            "pytest.ini": ini(),
        }
    )
    copy_gate(host, "tests")

    done = host.pytest(f"-pno:{plugin}", "--gate-report=gate.json", PYTEST_ADDOPTS=UNUSED_PLUGINS)

    assert done.returncode == 1, done.stdout + done.stderr
    (finding,) = json.loads(host.project.read("gate.json"))["findings"]
    assert (finding["rule"], finding["line"]) == ("warnings.never-awaited", 12)


@pytest.fixture
def set_up(host: Host) -> Host:
    shutil.copytree(SETTINGS, host.project.path / "tests", ignore=IGNORED)
    host.write({"tests/__init__.py": "", "tests/conftest.py": loads("tests.behavior_gate")})
    copy_gate(host, "tests")
    return host


def test_a_filter_of_warnings_wins_and_a_test_that_records_them_sees_them(set_up: Host) -> None:
    filters = "\n    ".join(
        [
            "filterwarnings =",
            "ignore:unclosed file .*quiet:ResourceWarning",
            "ignore:coroutine 'quiet':RuntimeWarning",
        ]
    )
    set_up.write({"pytest.ini": f"[pytest]\nasyncio_mode = auto\n{filters}\n"})

    done = set_up.pytest("tests/test_filters.py", "--gate-report=gate.json")

    found = outcomes(done)
    assert len(found) > 15, done.stdout
    assert {test for test in found if found[test] == "bad"} == {
        test for test in found if test.startswith("test_bad")
    }
    report = json.loads(set_up.project.read("gate.json"))
    assert {one["rule"] for one in report["findings"]} == {
        "warnings.never-awaited",
        "warnings.unclosed",
    }
    assert all(one["path"] == "tests/test_filters.py" for one in report["findings"])


def test_what_only_warns_leaves_the_suite_its_own_warnings(set_up: Host) -> None:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\n"})

    warned, off = (
        set_up.pytest(f"--gate={mode}", "-pno:randomly", "tests/test_filters.py")
        for mode in ("warn", "off")
    )

    assert outcomes(warned) == outcomes(off)
    assert "bad" in outcomes(off).values()
    # The line of the summary that counts the warnings as well.
    counts = [re.sub(r" in .*", "", done.stdout.splitlines()[-1]) for done in (warned, off)]
    assert counts[0] == counts[1]


def limited(set_up: Host, installed: Project, *options: str) -> Done:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\ngate_timeout = 0.4\n"})
    return set_up.project.uv(
        *("run", f"--project={installed.path}", "--with=pytest-timeout"),
        *("pytest", "-rA", "-pno:randomly", "tests/test_limits.py", *options),
    )


def test_a_limit_of_pytest_timeout_is_the_limit_of_a_hang(set_up: Host, installed: Project) -> None:
    done = limited(set_up, installed, "--timeout=2")

    found = outcomes(done)
    assert {test for test in found if found[test] == "bad"} == {
        test for test in found if test.startswith("test_bad")
    }
    assert "the test never ended: stopped just before pytest-timeout's limit of 2 s" in done.stdout
    assert "the test never ended: stopped just before pytest-timeout's limit of 1 s" in done.stdout


def test_a_test_that_is_long_by_design_says_so_by_a_marker_that_the_message_names(
    set_up: Host, installed: Project
) -> None:
    done = limited(set_up, installed, "-k", "long")

    assert outcomes(done) == {
        "test_long_by_its_own_limit": "good",
        "test_long_without_a_limit": "good",
        "test_long_on_purpose": "good",
        "test_long": "bad",
    }
    assert "the test never ended: stopped after 0.4 s" in done.stdout
    assert (
        'a test that is long by design says so: @pytest.mark.gate_allow("requests.hang",'
        ' reason="...").'
    ) in done.stdout


def test_a_long_test_passes_where_the_gate_only_warns(set_up: Host) -> None:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\ngate_timeout = 0.4\n"})

    done = set_up.pytest("--gate=warn", "tests/test_limits.py::test_long")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 test watched by 7 detectors, nothing found" in done.stdout


def test_with_the_gate_off_nothing_is_patched(set_up: Host) -> None:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\ngate_cpu_ms = 60\n"})

    done = set_up.pytest("--gate=off", "--strict-config", "tests/test_untouched.py::test_off")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "behavior gate" not in done.stdout


def test_what_is_patched_passes_for_the_original(set_up: Host) -> None:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\n"})

    done = set_up.pytest("tests/test_patched.py")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "32 tests watched by 7 detectors, nothing found" in done.stdout


def test_no_setting_of_another_plugin_is_changed(set_up: Host) -> None:
    set_up.write({"pytest.ini": "[pytest]\nasyncio_mode = auto\n"})

    done = set_up.pytest(
        "tests/test_untouched.py", "-pno:randomly", "--deselect=tests/test_untouched.py::test_off"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 tests watched by 7 detectors, nothing found" in done.stdout


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("gate_cpu_ms = fast", "gate_cpu_ms has to be a number, 0 or more"),
        ("gate_timeout = -1", "gate_timeout has to be a number, 0 or more"),
        ("gate_timeout = nan", "gate_timeout has to be a number, 0 or more"),
        ("gate_n_plus_one = 2.5", "gate_n_plus_one has to be a whole number, 0 or more"),
        ("gate_strict = maybe", "gate_strict has to be true or false"),
    ],
)
def test_a_setting_with_a_wrong_value_is_refused_in_one_line(
    setting: str, expected: str, set_up: Host
) -> None:
    set_up.write({"pytest.ini": f"[pytest]\n{setting}\n"})

    done = set_up.pytest()

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stdout == ""
    assert done.stderr == f"ERROR: {expected}\n\n"
