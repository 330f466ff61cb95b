"""The table of rules is what everything else that speaks of rules is made from."""

import ast
import json
import re
import textwrap
from typing import Any

import pytest
from support.gate import load
from support.project import TEMPLATE, Done, Project

rules, planted, explain = load("rules"), load("planted"), load("explain")
GUIDE = (TEMPLATE / "{{cookiecutter.project_slug}}/docs/gate.md").read_text(encoding="utf-8")


def table_in(text: str, header: str) -> list[str]:
    """The rows of a Markdown table, by its header."""
    _, found, rest = text.partition(f"{header}\n|---|---|\n")
    assert found, header
    return rest.partition("\n\n")[0].splitlines()


def test_ids_are_unique_and_of_a_known_family() -> None:
    ids = [rule.id for rule in rules.RULES]
    assert len(set(ids)) == len(ids)
    assert rules.FAMILIES == (
        "blocking",
        "slow",
        "tasks",
        "warnings",
        "requests",
        "database",
        "secrets",
    )
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


def test_each_rule_has_a_planted_defect() -> None:
    assert set(planted.PLANTS) == set(rules.RULES)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.id)
def test_a_rule_reads_well_and_its_examples_are_code(rule: Any) -> None:
    assert not rule.summary.endswith(".")
    assert not rule.why.endswith(".")
    assert not rule.fix.endswith(".")
    for example in (rule.bad, rule.good):
        ast.parse(f"async def example():\n{textwrap.indent(example, '    ')}")
    assert rule.bad != rule.good
    assert set(rule.settings) <= {option.setting for option in all_options()}


def all_options() -> list[Any]:
    return list(load("settings").OPTIONS)


def test_the_guide_of_the_project_says_what_each_rule_finds() -> None:
    assert table_in(GUIDE, "| rule | what it finds |") == [
        f"| `{rule.id}` | {rule.summary} |" for rule in rules.RULES
    ]


def test_the_gate_is_checked_as_strictly_as_the_project_that_leaves_it_out(
    project: Project,
) -> None:
    folder = "tests/behavior_gate"
    settings = project.path / "pyproject.toml"
    kept = settings.read_text(encoding="utf-8")
    # What a user's own run looks at has no file of the gate.
    files = project.succeed("run", "--frozen", "ruff", "check", "--show-files")
    modules = len(list((project.path / folder).rglob("*.py")))

    project.succeed("run", "--frozen", "ruff", "check", folder)
    project.succeed("run", "--frozen", "ruff", "format", "--check", folder)
    settings.write_text(kept.replace('exclude = ["^tests/behavior_gate/"]\n', ""), encoding="utf-8")
    checked = project.succeed("run", "--frozen", "mypy", folder)
    settings.write_text(kept, encoding="utf-8")

    assert "tests/conftest.py" in files
    assert folder not in files
    assert checked == f"Success: no issues found in {modules} source files\n"


def test_the_gate_says_which_version_it_is_and_how_to_remove_it() -> None:
    folder = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"

    assert re.fullmatch(r"\d+\.\d+\.\d+\n", (folder / "VERSION").read_text(encoding="utf-8"))
    assert len((folder / "README.md").read_text(encoding="utf-8").splitlines()) <= 40


@pytest.fixture(scope="module")
def project(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which the tests below plant what they need, each a file of its own."""
    return installed.copy(tmp_path_factory.mktemp("rules") / "my_backend")


def run(project: Project, name: str, code: str, *options: str) -> Done:
    """Run one test module, and see to it that no other run meets it."""
    path = project.path / f"tests/test_{name}.py"
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    try:
        return project.uv("run", "--frozen", "pytest", "-p", "no:randomly", str(path), *options)
    finally:
        path.unlink()


def test_the_overview_has_a_line_for_each_rule(project: Project) -> None:
    lines = project.succeed("run", "--frozen", "pytest", "--gate-explain").splitlines()

    assert [line.split("  ")[0] for line in lines[:-2]] == [rule.id for rule in rules.RULES]
    assert lines[-1] == "More of one: pytest --gate-explain RULE"


def test_a_rule_is_explained_with_its_settings_and_examples(project: Project) -> None:
    output = project.succeed("run", "--frozen", "pytest", "--gate-explain", "database.n-plus-one")

    assert output == textwrap.dedent("""\
        database.n-plus-one: one query for each row

        Why: it slows down with every row that is added.
        Fix: load the rows with their parents by selectinload() or joinedload(), or all
             at once by one query with IN.

        Bad:
            for user in users:
                await session.refresh(user, ['posts'])

        Good:
            users = await session.scalars(select(User).options(selectinload(User.posts)))

        Settings, with their defaults:
            # how many equal SELECTs, each for another key, are too many from one line
            # in a transaction
            gate_n_plus_one = 5

        To allow it in one test:
            @pytest.mark.gate_allow("database.n-plus-one", reason="...")
        """)


def test_a_family_is_explained_by_all_its_rules(project: Project) -> None:
    output = project.succeed("run", "--frozen", "pytest", "--gate-explain", "slow", "secrets.log")

    assert re.findall(r"^(\S+): ", output, re.MULTILINE) == [
        *("slow.cpu", "Why", "Fix", "slow.blocked", "Why", "Fix", "secrets.log", "Why", "Fix"),
    ]


def test_an_unknown_rule_suggests_the_nearest(project: Project) -> None:
    done = project.uv("run", "--frozen", "pytest", "--gate-explain", "database.lost-comit")

    assert done.returncode == 4
    assert done.stderr.strip() == (
        "ERROR: --gate-explain: unknown rule 'database.lost-comit': did you mean"
        " 'database.lost-commit'? (pytest --gate-explain lists all)"
    )


CRASH = """\
    import asyncio
    import pytest
    from fastapi import FastAPI
    from httpx import AsyncClient

    @pytest.mark.gate_allow({allowed}, reason="the test is about it")
    async def test_crash(app: FastAPI, client: AsyncClient) -> None:
        @app.get("/crash")
        async def crash() -> None:
            {crash}

        try:
            await client.get("/crash")
        except LookupError:
            pass
    """


@pytest.mark.parametrize("allowed", ["requests", "requests.5xx"])
def test_a_family_or_a_rule_is_allowed(project: Project, allowed: str) -> None:
    done = run(project, "crash", CRASH.format(allowed=f'"{allowed}"', crash="raise LookupError"))

    assert done.returncode == 0, done.stdout


def test_a_rule_that_is_allowed_leaves_the_others_of_its_family_watched(project: Project) -> None:
    crash = "await asyncio.Event().wait()"
    hang = CRASH.format(allowed='"requests.5xx"', crash=crash)

    done = run(project, "hang", hang, "-o", "gate_timeout=1", "--gate-report=hang.json")

    assert done.returncode == 1, done.stdout
    (finding,) = json.loads(project.read("hang.json"))["findings"]
    assert finding["rule"] == "requests.hang"


UNUSED = """\
    import pytest

    unused = pytest.mark.gate_allow("database.lost-commit", "requests.5xx", reason="none")
    by_time = pytest.mark.gate_allow("slow", "requests.hang", reason="depends on the machine")
    {mark_of_module}

    class TestNothing:
        {mark_of_class}

        {mark_of_test}
        @pytest.mark.parametrize("number", [1, {parameter}])
        def test_nothing(self, number: int) -> None:
            {body}
    """


def unused(**parts: str) -> str:
    parts = {"parameter": "2", "body": "pass"} | parts
    for name in ("mark_of_module", "mark_of_class", "mark_of_test"):
        parts.setdefault(name, "")
    return UNUSED.format(**parts)


@pytest.mark.parametrize(
    ("parts", "errors"),
    [
        ({"mark_of_test": "@unused"}, 2),
        ({"parameter": "pytest.param(2, marks=unused)"}, 1),
        ({"mark_of_module": "pytestmark = unused"}, 0),
        ({"mark_of_class": "pytestmark = unused"}, 0),
        ({"mark_of_test": "@by_time"}, 0),
        ({"mark_of_test": "@unused", "body": "pytest.skip('not here')"}, 0),
    ],
)
def test_a_test_that_does_not_break_what_it_allows_is_an_error(
    project: Project, parts: dict[str, str], errors: int
) -> None:
    done = run(project, "unused", unused(**parts))

    assert done.returncode == min(errors, 1), done.stdout
    found = re.search(r"(\d+) errors? in", done.stdout)
    assert int(found.group(1) if found else 0) == errors
    message = (
        '@pytest.mark.gate_allow("database.lost-commit", "requests.5xx") allowed nothing: the test'
        " does not break these rules."
    )
    assert (message in done.stdout) == bool(errors)


def test_what_a_failed_test_allows_is_not_judged(project: Project) -> None:
    done = run(project, "unused", unused(mark_of_test="@unused", body="raise LookupError"))

    assert "allowed nothing" not in done.stdout
    assert "2 failed in" in done.stdout


def test_a_setting_lets_an_unused_allowance_pass(project: Project) -> None:
    code = unused(mark_of_test="@unused")

    done = run(project, "unused", code, "-o", "gate_allow_unused=true")

    assert done.returncode == 0, done.stdout


def test_the_json_report_carries_rules_and_their_texts(project: Project) -> None:
    code = """\
        import time

        async def test_sleep(app, client) -> None:
            @app.get("/nap")
            async def nap() -> None:
                time.sleep(0.1)

            assert (await client.get("/nap")).status_code == 200
        """

    run(project, "sleep", code, "--gate-report=gate.json")

    report = json.loads(project.read("gate.json"))
    rule = rules.BLOCKING_SLEEP
    assert report == {
        "version": 2,
        "tests": 1,
        "detectors": list(rules.FAMILIES),
        "blind_spots": [],
        "findings": [
            {
                "test": "tests/test_sleep.py::test_sleep",
                "phase": "call",
                "outcome": "failed",
                "detector": "blocking",
                "rule": "blocking.sleep",
                "what": "time.sleep() blocks the event loop",
                "why": rule.why,
                "fix": rule.fix,
                "path": "tests/test_sleep.py",
                "line": 6,
                "function": "nap",
            }
        ],
        "causes": [
            {
                "rule": "blocking.sleep",
                "what": "time.sleep() blocks the event loop",
                "path": "tests/test_sleep.py",
                "line": 6,
                "function": "nap",
                "findings": 1,
                "tests": ["tests/test_sleep.py::test_sleep"],
            }
        ],
    }
