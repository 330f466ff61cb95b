"""Do the README and the walk of a baked project work as written?

They are followed to the letter: `support.followed` says how. Their commands find nothing of the
project but what the bake left, and a git that knows who commits.
"""

import re
import subprocess
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from support.followed import Block, DocumentError, blocks, follow, in_bash, missing
from support.project import Bake, Done, Project, uv_path
from test_dev import PASSWORD, Served, status
from test_updates import ME

#: The commands of the README that are not run here, and why.
NOT_RUN = {
    "docker compose up": "It needs Docker. test_ci.py checks the file by its schema.",
    "python3 tests/install.py": "It needs another repository. test_installer.py runs it.",
    "uv run dev.py check": "It takes as long as all the rest. The walk ends with it.",
}
#: The commands of the documents that are looked up, not followed, by their beginning: the test that
#: runs each of them, and how it is called there.
RUN_ELSEWHERE = {
    "export ": ("test_serving.py", "OTEL_"),
    "rm -r app/memos": ("test_example.py", "rm -r app/memos"),
    "uv add": ("test_serving.py", "opentelemetry"),
    "uv lock": ("test_updates.py", '"lock"'),
    "uv run dev.py check": ("test_walk.py", "walk.md"),
    "uv run pytest --cov": ("test_ci.py", 'figures == ["100%"]'),
    "uv run pytest --gate-baseline": ("test_baseline.py", "--gate-baseline"),
    "uv run pytest --gate-doctor": ("test_doctor.py", "--gate-doctor"),
    "uv run pytest --gate-explain": ("test_rules.py", "--gate-explain"),
    "uv run pytest --gate-report": ("test_report.py", "--gate-report"),
    "uv run pytest --gate-selftest": ("test_gate.py", "--gate-selftest"),
    "uv run pytest --gate=": ("test_modes.py", "--gate="),
    "uv run pytest -n 2": ("test_baseline.py", "-n2"),
    "uvx cruft": ("test_updates.py", "cruft"),
}
#: Commands for which nobody waits at a terminal here: what they read.
INPUT = {"uv run dev.py create-user ada@example.com": PASSWORD}
SERVE = "uv run dev.py"
LOOKED_UP = [
    "AGENTS.md",
    *(f"docs/{name}.md" for name in ("changing", "gate", "production", "testing")),
]


@pytest.fixture(scope="module")
def newcomer(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in an empty directory, without an environment, whose user has an empty home."""
    project = bake()
    home = tmp_path_factory.mktemp("home")
    cache = subprocess.run([uv_path(), "cache", "dir"], capture_output=True, text=True, check=True)
    without = {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
    inherited = {name: text for name, text in project.environment.items() if name not in without}
    ours = {"HOME": str(home), "UV_CACHE_DIR": cache.stdout.strip()}
    return Project(project.path, inherited | ME | ours)


def document(project: Project, name: str) -> list[Block]:
    return list(blocks(name, project.read(name)))


def serve(project: Project) -> None:
    """Serve the app, look at it as the README says, and stop it by Ctrl-C. The port is free."""
    server = Served(project)
    page = status(server.port, "/")
    server.end()
    assert page == 200
    # What a start says is about this app.
    assert not re.search("Traceback|plugin", server.log), server.log


def as_a_newcomer(project: Project, block: Block) -> Done | None:
    """Run what is to be run here of some commands."""
    if block.text == SERVE:
        serve(project)
        return None
    commands = [line for line in block.text.splitlines() if not line.startswith(tuple(NOT_RUN))]
    for number, command in enumerate(commands):
        if command in INPUT:
            commands[number] = f"{command} <<< '{INPUT[command]}'"
    if not commands:
        return None
    return in_bash(project, Block("sh", "\n".join(commands), block.where))


def test_the_readme_works_as_written(newcomer: Project) -> None:
    follow(newcomer, document(newcomer, "README.md"), as_a_newcomer)

    # What it broke on purpose is as it was, and what it made is not committed.
    assert newcomer.run("git", "status", "--short").stdout == ""
    assert "<html" in newcomer.read("report.html")


@pytest.mark.parametrize("name", LOOKED_UP)
def test_each_command_of_the_other_documents_is_run_by_a_test(baked: Project, name: str) -> None:
    for block in document(baked, name):
        if block.language == "sh":
            for line in block.text.splitlines():
                assert line.startswith(("# ", *RUN_ELSEWHERE)), f"{block.where}: {line}"


def test_the_lists_of_commands_name_what_there_is(baked: Project) -> None:
    readme = baked.read("README.md")
    others = "".join(baked.read(name) for name in LOOKED_UP)

    assert [start for start in NOT_RUN if f"\n{start}" not in readme] == []
    assert [start for start in RUN_ELSEWHERE if f"\n{start}" not in others] == []
    for start, (test, words) in RUN_ELSEWHERE.items():
        assert words in (Path(__file__).parent / test).read_text(encoding="utf-8"), start


def test_each_output_that_the_readme_shows_is_compared(baked: Project) -> None:
    for block, following in pairwise(document(baked, "README.md")):
        if following.language == "text":
            assert block.language == "sh", following.where
            assert not block.text.startswith(tuple(NOT_RUN)), following.where
            assert block.text != SERVE, following.where


def test_the_readme_is_read_in_five_minutes(baked: Project) -> None:
    text = baked.read("README.md")

    assert len(text.splitlines()) <= 250
    # 250 words a minute, and code is looked at.
    assert len(re.sub(r"```.*?```", "", text, flags=re.DOTALL).split()) <= 1250


def test_the_documents_name_only_what_is_there(baked: Project) -> None:
    for name in ["README.md", "docs/walk.md", *LOOKED_UP]:
        for path in re.findall(r"`((?:app|tests|migrations|docs)/[\w./-]*)`", baked.read(name)):
            assert (baked.path / path).exists(), f"{name} names {path}"


def test_the_settings_in_the_documents_are_those_of_the_example(baked: Project) -> None:
    """A test of the baked project sees to it that the example has each setting."""
    example = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", baked.read(".env.example"), re.MULTILINE))
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|.*\| (.+) \|$", baked.read("docs/production.md"), re.M)
    documented: dict[str, str] = {}
    for names, defaults in rows:
        named = re.findall(r"`(\w+)`", names)
        values = defaults.split(", ") if len(named) > 1 else [defaults]
        documented |= dict(zip(named, values * (len(named) // len(values)), strict=True))

    assert set(documented) == set(example)
    shown = {name: value.strip("`") for name, value in documented.items()}
    assert {name: shown[name] for name, value in example.items() if value.isdigit()} == {
        name: value for name, value in example.items() if value.isdigit()
    }


# The walk


@pytest.fixture
def walker(installed: Project, tmp_path: Path) -> Project:
    copied = installed.copy(tmp_path / "my_backend")
    return Project(copied.path, copied.environment | ME)


def walk(project: Project, *changes: tuple[str, str], until: str = "") -> list[Block]:
    """Return the blocks of the walk, or of a changed one, up to a heading."""
    text = project.read("docs/walk.md")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return list(blocks("docs/walk.md", text.partition(until)[0] if until else text))


def test_the_walk_works_as_written(walker: Project) -> None:
    before = walker.read("app/memos/router.py")

    follow(walker, walk(walker))

    # At its end, it is taken back.
    assert walker.read("app/memos/router.py") == before
    assert walker.run("git", "status", "--short").stdout == ""
    assert walker.run("git", "log", "--format=%s").stdout == "Before the walk\n"


def test_a_changed_output_is_found(walker: Project) -> None:
    steps = walk(walker, ("memos.due_on: the column", "memos.due_at: the column"), until="## 2.")

    with pytest.raises(
        DocumentError, match=r"docs/walk\.md:\d+: this is not what the commands above"
    ) as e:
        follow(walker, steps)

    assert "Not found: ====" not in str(e.value)
    assert "  memos.due_on: the column is in the models" in str(e.value)


def test_a_changed_code_block_is_found(walker: Project) -> None:
    steps = walk(walker, ("+    due_on: Mapped[date", "+    due_at: Mapped[date"), until="## 2.")

    with pytest.raises(
        DocumentError, match=r"docs/walk\.md:\d+: this is not what the commands above"
    ):
        follow(walker, steps)


def nothing(_: Project, __: Block) -> None: ...


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("     archived: Mapped[bool] =", "     archived: Mapped[str] ="),
            "app/memos/models.py has this 0 times, not once:\n    text: Mapped",
        ),
        (
            (
                "     text: Mapped[str] = mapped_column(Text)\n+    due_on: Mapped[date | None]\n"
                "     archived: Mapped[bool] = mapped_column(server_default=false())\n",
                "+    due_on: Mapped[date | None]\n",
            ),
            r"app/memos/models.py has this \d\d times, not once",
        ),
        (
            ("Change `app/memos/models.py`", "See `app/memos/models.py`"),
            "docs/walk.md:\\d+: the line above the block does not say what to do",
        ),
        (
            ("Change `app/memos/models.py`", "Change `app/memos/model.py`"),
            "docs/walk.md:\\d+: there is no app/memos/model.py. Is a step left out?",
        ),
    ],
)
def test_a_change_that_does_not_fit_is_found(
    walker: Project, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(DocumentError, match=said):
        follow(walker, walk(walker, change), nothing)


def test_a_command_that_is_left_out_is_found(walker: Project) -> None:
    with pytest.raises(DocumentError, match=r"there is no migrations/versions/\*_add.*left out"):
        follow(walker, walk(walker), nothing)


def test_a_change_that_is_left_out_is_found_by_the_size_of_the_commit(walker: Project) -> None:
    """The walk shows it at its end. So it is found that even an assertion is left out."""

    def size_of(steps: list[Block]) -> str:
        walker.run("git", "checkout", "--quiet", ".")
        follow(walker, steps, nothing)
        return walker.run("git", "diff", "--shortstat").stdout

    in_bash(walker, Block("sh", "git add --all\ngit commit --quiet --message Start", "here"))
    steps = [block for block in walk(walker) if block.verb not in {"", "Look at"}]
    whole = size_of(steps)
    assert whole

    for left_out in steps:
        rest = [block for block in steps if block is not left_out]
        # Another change may need it, and not fit without it.
        with suppress(DocumentError):
            assert size_of(rest) != whole, left_out


def test_a_command_that_fails_or_should_is_found(walker: Project) -> None:
    for command, shown, said in (
        ("echo broken; false", "broken", "should succeed, and ended with 1:\necho.*\n\nbroken"),
        ("echo 1 failed", "1 failed", "should fail, and ended with 0"),
    ):
        steps = list(blocks("walk.md", f"Run:\n\n```sh\n{command}\n```\n\n```text\n{shown}\n```\n"))
        with pytest.raises(DocumentError, match=rf"walk.md:3: the commands {said}"):
            follow(walker, steps)


@pytest.mark.parametrize(
    ("shown", "printed", "part"),
    [
        ("a\nb", "a\nb\n", None),
        ("a  b", "a\nb", None),
        ("...\nb", "a\nb", None),
        ("a\n...", "a\nb", None),
        ("a\n...\nc\n", "a\nb\nc", None),
        ("a\n...\nb", "a\nb", None),
        ("b", "a\nb", "b"),
        ("a", "a\nb", "a"),
        ("a\nc", "a\nb\nc", "a c"),
        ("a\n...\nb", "b\na", "a"),
        ("...\na\n...\nb\n...", "b\na", "b"),
        ("a\n...\nb", "a\nbb", "b"),
        ("...\nb\n...\na\n...", "a\nb\nc", "a"),
        ("1 passed in 0.10s", "1 passed in 12.00s", None),
        ("1 passed in 0.10s", "2 passed in 0.10s", "1 passed in SECONDS"),
        ("637 passed", "640 passed", None),
        ("637 passed", "640 failed", "MANY passed"),
        ("2026_11_26-013076825901_x.py", "2027_01_01-aaaaaaaaaaa1_x.py", None),
        ("..F   [100%]\nok", "F..   [100%]\nok", None),
    ],
)
def test_what_is_shown_is_what_was_printed(shown: str, printed: str, part: str | None) -> None:
    assert missing(shown, printed, Project(Path("/project"), {})) == part
