"""Do the READMEs of the template say what is so: commands, numbers, paths and links?

The commands of `README.md` run to the letter, in an empty home, one after the other as by a reader.
The last one tests the template: `.ci/run` runs it.
"""

import ast
import json
import math
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from apps.mistakes import MISTAKES
from support.gate import load
from support.installing import repository
from support.project import NOT_OURS, TEMPLATE, Done, Project, copy_template, uv_path
from support.shapes import SHAPES
from test_baked_suite import wait_until
from test_dev import free_port, status
from test_matrix import MANY, NAMES

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
ASKED = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
QUESTIONS = [question for question in ASKED if not question.startswith("_")]
README, OF_TESTS = (
    (TEMPLATE / name).read_text(encoding="utf-8") for name in ("README.md", "tests/README.md")
)
BOTH = pytest.mark.parametrize("text", [README, OF_TESTS], ids=["template", "tests"])
COMMAND = re.compile(r"```sh\n(.+?)\n```", re.DOTALL)
BAKE_AND_TEST, START, PUBLISHED, COPY, TEST_TEMPLATE = COMMAND.findall(README)


def test_the_readme_has_at_most_170_lines() -> None:
    assert len(README.splitlines()) <= 170


# --- The commands of README.md, by a reader


def path_without_postgres(folder: Path) -> str:
    """Make a PATH like ours, without PostgreSQL and the environment of these tests."""
    folder.mkdir()
    for directory in os.environ["PATH"].split(os.pathsep):
        # Without pip, an interpreter is of no use to the README.
        if not directory.startswith(sys.prefix) and os.path.isdir(directory):
            for program in Path(directory).iterdir():
                link = folder / program.name
                if (
                    not re.match(r"initdb|postgres|psql|pg_", program.name)
                    and not link.is_symlink()
                ):
                    link.symlink_to(program)
    return str(folder)


@dataclass(frozen=True)
class Reader:
    """Somebody with a clone of the template, and nothing else."""

    clone: Path
    environment: dict[str, str]

    def types(self, command: str, folder: Path, answers: str = "") -> Done:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self.environment,
            input=answers,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """In an empty home, with the clone in a directory whose path has a space and 120 characters."""
    outside = tmp_path_factory.mktemp("reader")
    folder = outside / "a path with a space"
    folder /= "x" * (119 - len(str(folder / "template")))
    clone = copy_template(folder / "template")
    assert len(str(clone)) == 120
    (outside / "home").mkdir()
    cache = subprocess.run([uv_path(), "cache", "dir"], capture_output=True, text=True, check=True)
    inherited = {name: text for name, text in os.environ.items() if name not in {*NOT_OURS, "UV"}}
    return Reader(
        clone,
        inherited
        | {
            "HOME": str(outside / "home"),
            "PATH": path_without_postgres(outside / "bin"),
            "UV_CACHE_DIR": cache.stdout.strip(),
        },
    )


@pytest.fixture(scope="module")
def first(reader: Reader) -> Done:
    """The first command, which the others rest on."""
    return reader.types(BAKE_AND_TEST, reader.clone)


def test_the_first_command_bakes_a_project_and_its_suite_is_green(first: Done) -> None:
    assert first.returncode == 0, first.stdout + first.stderr
    assert re.search(r"^=+ \d+ passed in .* =+$", first.stdout, re.MULTILINE), first.stdout


@pytest.mark.usefixtures("first")
def test_the_next_command_serves_the_app(reader: Reader) -> None:
    # The port of the README may be in use on this machine.
    port = free_port()
    with subprocess.Popen(
        ["bash", "-c", f"exec {START} --port {port}"],
        cwd=reader.clone.parent / "my_backend",
        env=reader.environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            assert wait_until(lambda: status(port, "/health/ready") == 200, seconds=60)
        finally:
            os.killpg(run.pid, signal.SIGINT)


@pytest.mark.usefixtures("first")
def test_a_published_copy_asks_its_questions_and_enter_takes_the_defaults(
    reader: Reader, tmp_path: Path
) -> None:
    published = Project(copy_template(tmp_path / "github/OWNER/REPOSITORY"), reader.environment)
    me = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for words in (["init", "--quiet"], ["add", "."], [*me, "commit", "--quiet", "--message=First"]):
        done = published.run("git", *words)
        assert done.returncode == 0, done.stderr
    # What `gh:` means is a setting of cookiecutter.
    settings = f"abbreviations:\n  gh: file://{tmp_path}/github/{{0}}\n"
    Path(reader.environment["HOME"], ".cookiecutterrc").write_text(settings, encoding="utf-8")

    done = reader.types(PUBLISHED, tmp_path, answers="\n" * len(QUESTIONS))

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"/{len(QUESTIONS)}]") == len(QUESTIONS), done.stdout
    assert (tmp_path / "my_backend/uv.lock").is_file()


def test_the_installer_shows_what_it_would_do(reader: Reader) -> None:
    theirs = repository("uv_package", reader.clone.parent, reader.environment)
    theirs.path.rename(reader.clone.parent / "their-repo")

    done = reader.types(COPY, reader.clone)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing was written." in done.stdout.splitlines()


def test_ci_runs_the_command_that_tests_the_template() -> None:
    assert (TEMPLATE / ".ci/run").read_text(encoding="utf-8").splitlines()[-1] == TEST_TEMPLATE
    assert COMMAND.findall(OF_TESTS)[0] == TEST_TEMPLATE


# --- Other commands

WEEKLY = "test_a_push_runs_the_tests_and_each_week_the_newest_and_the_lowest_versions_are_tried"
#: Which test runs what the text names, or sees to it that CI does.
RUN_BY = {
    "pytest --gate-doctor": "test_doctor.py::test_the_baked_project_is_clean",
    "pytest --gate-explain": "test_rules.py::test_the_overview_has_a_line_for_each_rule",
    "uv build": "test_distribution.py::test_the_wheel_is_enough",
    "uvx cruft create https://github.com/OWNER/REPOSITORY": (
        "test_updates.py::test_an_update_brings_what_is_new_and_keeps_what_was_changed"
    ),
    "uvx cruft update": (
        "test_updates.py::test_an_update_brings_what_is_new_and_keeps_what_was_changed"
    ),
    "--dry-run": "test_installer.py::test_a_dry_run_shows_everything_and_writes_nothing",
    "--gate-only": "test_installer.py::test_the_gate_alone_needs_one_line",
    "--gate=warn": "test_modes.py::test_warn_fails_nothing_changes_nothing_and_sums_up_by_line",
    "--gate-baseline=FILE": (
        "test_baseline.py::test_only_what_is_new_fails_and_what_moves_or_is_indented_is_not_new"
    ),
    "--each": "test_matrix.py::test_each_case_is_listed_with_the_tools_that_fail_it",
    "--write": "test_matrix.py::test_the_table_is_written_between_its_marks",
    "--check": f"test_versions.py::{WEEKLY}",
    "--lowest": f"test_versions.py::{WEEKLY}",
    "--overwrite-if-exists": (
        "test_bake.py::test_a_bake_over_a_directory_keeps_the_secret_and_the_users_files"
    ),
}


def spans(text: str) -> list[str]:
    """What is written as code within a line."""
    return re.findall(r"`([^`\n]+)`", COMMAND.sub("", text))


def commands(text: str) -> set[str]:
    return {
        span for span in spans(text) if re.match(r"(uvx?|pytest|python3?|git|\S+/uvx?) |--", span)
    }


def test_each_command_that_the_text_names_is_run_by_a_test() -> None:
    assert commands(README + OF_TESTS) == RUN_BY.keys()


@pytest.mark.parametrize("test", sorted(set(RUN_BY.values())))
def test_a_test_that_runs_a_command_exists(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((TEMPLATE / "tests" / file).read_text(encoding="utf-8"))

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


TOOLS = {f"tools.{path.stem}" for path in TEMPLATE.glob("tests/tools/[a-z]*.py")}


def test_the_readme_of_the_tests_lists_each_tool_and_each_folder() -> None:
    folders = {f"{path.name}/" for path in TEMPLATE.glob("tests/[a-z]*/")}
    first_cells = re.findall(r"^\| (.+?) \|", OF_TESTS, re.MULTILINE)
    listed = set(re.findall(r"`([^`]+)`", "\n".join(first_cells)))

    assert listed == TOOLS | folders


@pytest.mark.parametrize("command", COMMAND.findall(OF_TESTS)[1:])
def test_a_command_for_the_template_names_what_there_is(command: str) -> None:
    words = command.split()

    assert words[0] == TEST_TEMPLATE.split(" && ")[1].split()[0]
    assert [word for word in words if word.endswith(".py") and not (TEMPLATE / word).exists()] == []
    if "-m" in words:
        module = words[words.index("-m") + 1]
        assert module in TOOLS
        # How each tool says that it is run.
        code = (TEMPLATE / "tests" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f"uv run --directory tests python -m {module}" in code


# --- Numbers

slow, n_plus_one = load("detectors.slow.detector"), load("detectors.database.n_plus_one")
LIMITS_MS = {option.name: option.default for option in slow.SlowDetector.options}
WORDS = {"five": 5, "seven": 7, "eight": 8, "ten": 10}
NUMBERS = {
    r"(\d+) rules\b": len(load("rules").RULES),
    r"the (\w+) questions\b": len(QUESTIONS),
    r"(\w+) ways\b": len(NAMES),
    r"(\w+) of \w+ planted mistakes": sum(not mistake.missed for mistake in MISTAKES),
    r"of (\w+) planted mistakes": len(MISTAKES),
    r"(\w+) small repositories": len(SHAPES),
    r"are (\w+) ms of CPU": int(LIMITS_MS["cpu_ms"]),
    r"(\w+) ms of blocked": int(LIMITS_MS["blocked_ms"]),
    r"from (\w+) ms of CPU": math.ceil(LIMITS_MS["cpu_ms"] * slow._SURELY_CPU),
    r"(\w+) ms without": math.ceil(LIMITS_MS["blocked_ms"] * slow._SURELY_BLOCKED),
    r"fewer than (\w+) rows": n_plus_one.N_PLUS_ONE.default,
    r"up to (\w+) traps": MANY,
}


def wrong_numbers(text: str) -> Iterator[str]:
    """Yield what is said to be so many, and isn't, or is said nowhere."""
    text = " ".join(text.split())
    for pattern, number in NUMBERS.items():
        said = [WORDS.get(word.lower(), word) for word in re.findall(pattern, text)]
        if not said or {str(one) for one in said} != {str(number)}:
            yield f"{pattern}: {said}, but {number} are there"


def test_the_numbers_are_right() -> None:
    assert list(wrong_numbers(README + OF_TESTS)) == []


@pytest.mark.parametrize("pattern", NUMBERS)
def test_a_wrong_number_is_told(pattern: str) -> None:
    text = " ".join((README + OF_TESTS).split())
    place = re.search(pattern, text)
    assert place

    wrong = f"{text[: place.start(1)]}99{text[place.end(1) :]}"

    (told,) = wrong_numbers(wrong)
    assert told.startswith(f"{pattern}: ")


# --- Paths and links

#: Where a path may begin.
ROOTS = (TEMPLATE, TEMPLATE / "tests", SOURCE, SOURCE / "tests", SOURCE / "tests/behavior_gate")
#: What a bake or a run makes, and names that stand for others.
MADE = {"uv.lock", ".env", "shape.toml", "..._test.py", "_of_baked.py"}
ANCHOR = re.compile(r"[^\w\- ]")


def links(text: str) -> list[str]:
    return re.findall(r"(?:\]\(|src=\"|srcset=\")([^)\"\s]+)", text)


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {ANCHOR.sub("", head.lower()).replace(" ", "-") for head in heads}


def broken_paths(text: str, folder: Path) -> Iterator[str]:
    """Yield the relative links and the paths in code that lead nowhere."""
    for link in links(text):
        if "://" not in link:
            name, _, anchor = unquote(link).partition("#")
            if not (folder / name).exists() or (anchor and anchor not in anchors(folder / name)):
                yield link
    for span in spans(text):
        is_path = re.fullmatch(r"[\w.{}-]+(/[\w.{}-]+)*/?", span) and (
            "/" in span or re.search(r"\.(py|md|toml|json|txt|lock)$", span)
        )
        if is_path and span not in MADE and not any((root / span).exists() for root in ROOTS):
            yield span


def test_each_path_exists() -> None:
    assert list(broken_paths(README, TEMPLATE)) == []
    assert list(broken_paths(OF_TESTS, TEMPLATE / "tests")) == []


PLACEHOLDER = "https://github.com/OWNER/REPOSITORY"
PERMALINK = re.compile(
    r"https://github\.com/([\w-]+/[\w.-]+)/(?:blob|tree)/([0-9a-f]{40})(?:/[\w.%/-]+)?(?:#L\d+)?"
)


def loose_links(text: str) -> Iterator[str]:
    """Yield the links into other repositories that may show something else tomorrow."""
    commits = defaultdict(set)
    for link in re.findall(r"https://github\.com/[^\s)`\"]+", text):
        if found := PERMALINK.fullmatch(link):
            commits[found[1]].add(found[2])
        elif link != PLACEHOLDER:
            yield link
    yield from (name for name, of in commits.items() if len(of) > 1)


@BOTH
def test_a_link_into_another_repository_names_one_commit(text: str) -> None:
    assert list(loose_links(text)) == []


def test_each_claim_about_another_template_has_its_link() -> None:
    _, _, table = README.partition("\n| | this |")
    head, rule, *rows = table.partition("\n\n")[0].splitlines()

    assert len(rows) >= 8
    for row in rows:
        _, _, *others = row.strip("| ").split(" | ")
        assert len(others) == head.count("](") == rule.count("---") - 2
        assert [cell for cell in others if cell != "-" and "](https://" not in cell] == []


def test_what_leads_nowhere_is_told() -> None:
    text = """
    [a](gone.md) [b](README.md#what-is-gone) [c](README.md#what-do-i-get) `tools/gone.py` `gone.md`
    <img src="tests/pictures/gone.svg"> [d](tests/apps) `hooks/answers.py` `a/b c` `x == 1`
    """

    assert list(broken_paths(text, TEMPLATE)) == [
        *("gone.md", "README.md#what-is-gone", "tests/pictures/gone.svg"),
        *("tools/gone.py", "gone.md"),
    ]


def test_a_link_that_may_change_is_told() -> None:
    ours, theirs = "https://github.com/a/b", "https://github.com/c/d"
    good = f"[x]({ours}/blob/{'0' * 40}/c.py#L3) `{PLACEHOLDER}` [y]({theirs}/tree/{'1' * 40})"
    bad = [f"{ours}/blob/main/c.py", f"{ours}/blob/0000000/c.py", ours]

    assert list(loose_links(good)) == []
    assert list(loose_links(" ".join([good, *(f"[z]({link})" for link in bad)]))) == bad
    assert list(loose_links(f"{good} [z]({theirs}/blob/{'2' * 40}/e.py)")) == ["c/d"]


def test_a_command_that_no_test_runs_is_told() -> None:
    assert commands("`uvx gone` and `--gone` `pytest --gate-doctor`, not `uvx` or `a --b`") == {
        *("uvx gone", "--gone", "pytest --gate-doctor")
    }
