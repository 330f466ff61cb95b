"""Which answers make a project: any text, each choice, and what is said of the others."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter as bake_here
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from support.project import TEMPLATE, Bake

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
QUESTIONS: dict[str, Any] = {
    question: default
    for question, default in json.loads((TEMPLATE / "cookiecutter.json").read_bytes()).items()
    if not question.startswith("_")
}
CHOICES = {question: offer for question, offer in QUESTIONS.items() if isinstance(offer, list)}
MARKDOWNS = [MarkdownIt(kind, {"linkify": False}) for kind in ("commonmark", "gfm-like")]
HOLD_TEXTS = {"LICENSE", "README.md", "pyproject.toml"}
# The number that CI tries. Set the variable for a longer run, with other examples each time.
EXAMPLES = int(os.environ.get("EXAMPLES", "100"))

JINJA = "{{ 7*7 }} {% if %} {% raw %} {%- endraw %} {# no #} {{{ {{ cookiecutter.author }} }}"
SHELL = "$(touch hacked) `touch hacked` ${HOME} $HOME %(here)s %s !! ;|& > hacked \\"
GOOD = [
    *("It's", '"quoted"', "“curly” «quotes»", "'''", '"""', "back\\slash", "\\", "\\n \\u0041"),
    *(JINJA, "{{cookiecutter.project_slug}}", "{{", "}}", "{%", "{#", "{{ 1/0 }}", "{", "{{{{"),
    *(SHELL, "$5 and $6", "$$x$$", "a &amp; b &#65; &lt;", "<b>", "<script>alert(1)</script>"),
    *("Ünïcödé", "🚀", "👨\u200d👩\u200d👧", "שלום עולם", "مرحبا", "日本語", "e\u0301", "a\u200fb"),
    *("\ufeffx", "\U0010fffd", "key: value", "a #comment", "- item", "+ item", "* item", "? key"),
    *("! tag", "!tag", "&anchor", "*alias", "%directive", "@at", "| bar |", "> quote", "yes"),
    *("null", "~", "0x10", "1e3", ".inf", "---", "...", "===", "***", "___", "- - -", "+", "-"),
    *("#", "# heading", "heading #", "a ##", "1. one", "1) one", "1.", "123456789. x", "3.14"),
    *("2024-01-01", "007", "1", "True", "None", "[link](x)", "![image](x)", "[x]: y", "[^1]"),
    *("](", "<https://example.com>", "a@b.com", "https://example.com/_a_*b*", "```", "~~~"),
    *("~~gone~~", "`code`", "``", "_under_", "snake_case", "a  b", "a\u00a0b", "tail\\", "class"),
    *("json", "fastapi", "[table]", "a = 1", "x" * 300),
]
REFUSED = {
    "must not be blank": ["", " ", "\u00a0", "\u3000 "],
    "must not begin or end with whitespace": [" x", "x ", "    x", "\u00a0x", "x\u2003"],
    "must be a single line, without control characters": [
        *("two\nlines", "x\n", "a\rb", "a\tb", "a\x00b", "\x1b[31mred", "\x7f", "a\x85b"),
        *("a\u2028b", "a\u2029b"),
        *(f"a{turn}b" for turn in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    ],
    "it is not valid UTF-8": ["a\udcff", "\ud800"],
}
NO_SLUGS = [
    *("", "My-Backend", "2fast", "_private", "trailing_", "two__in", "../outside", "sp ace"),
    *("ok\n", "ünï", "٣", "a.b", "{{ 1 }}", "{{cookiecutter.project_slug}}"),
]
TAKEN = [
    *("class", "json", "test", "tests", "app", "fastapi", "pytest_cov", "jwt", "postgres"),
    *("null", "true", "yes"),
]
SLUG = {"project_slug": "hostile"}
HARD = SLUG | {
    "project_name": f"It's \"'''\" {JINJA}",
    "description": f"# 1. <b>&amp;</b> שלום 🚀 {SHELL}",
    "author": "{{cookiecutter.project_slug}}",
}

Fill = Callable[..., Path]


def filler(template: Path, config: str, is_wanted: Callable[[Path], bool]) -> Fill:
    """Copy some files of the template, and return what bakes them in this process."""
    shutil.copy(TEMPLATE / "cookiecutter.json", template)
    shutil.copytree(TEMPLATE / "hooks", template / "hooks")
    for path in filter(is_wanted, SOURCE.rglob("*")):
        copy = template / path.relative_to(TEMPLATE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)

    def run(folder: Path, replay: Path | None = None, **answers: object) -> Path:
        made = bake_here(
            str(template),
            no_input=not replay,
            extra_context=None if replay else answers,
            replay=str(replay) if replay else None,
            output_dir=str(folder),
            config_file=config,
            accept_hooks=False,
        )
        return Path(made)

    return run


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Fill:
    """Bakes the files that hold texts, in a tenth of the time of a whole bake."""
    return filler(
        tmp_path_factory.mktemp("texts"),
        environment["COOKIECUTTER_CONFIG"],
        lambda path: path.name in {*HOLD_TEXTS, "compose.yaml"},
    )


@pytest.fixture(scope="session")
def fill_all(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Fill:
    """Bakes all files but the Python, which holds no answer."""
    return filler(
        tmp_path_factory.mktemp("all"),
        environment["COOKIECUTTER_CONFIG"],
        lambda path: path.is_file() and path.suffix != ".py" and "cache" not in str(path),
    )


def files_of(project: Path) -> dict[str, Path]:
    return {str(path.relative_to(project)): path for path in project.rglob("*") if path.is_file()}


def assert_holds(project: Path, name: str, description: str, author: str) -> None:
    """Assert that each file with a text holds it unchanged, and not as markup."""
    toml = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    assert toml["tool"]["app"]["title"] == name
    assert toml["project"]["description"] == description
    assert toml["project"]["authors"] == [{"name": author}]
    head, _, _ = (project / "README.md").read_text("utf-8").partition("FastAPI, async SQLAlchemy")
    for markdown in MARKDOWNS:
        html = f"<h1>{escapeHtml(name)}</h1>\n<p>{escapeHtml(description)}</p>\n"
        assert markdown.render(head) == html
    owner = (project / "LICENSE").read_text("utf-8").splitlines()[2]
    assert re.fullmatch(rf"Copyright \(c\) 20\d\d {re.escape(author)}", owner)


# Texts


@pytest.mark.parametrize("text", GOOD)
def test_a_text_comes_back_unchanged(fill: Fill, tmp_path: Path, text: str) -> None:
    project = fill(tmp_path, project_name=text, description=text, author=text, **SLUG)

    assert_holds(project, text, text, text)


@pytest.mark.parametrize("question", ["project_name", "description", "author"])
@pytest.mark.parametrize("because", REFUSED)
def test_a_bad_text_is_refused_in_one_line_and_leaves_nothing(
    fill: Fill, tmp_path: Path, question: str, because: str
) -> None:
    for text in REFUSED[because]:
        with pytest.raises(FailedHookException, match=rf"^Error: {question} is .*{because}.*\.$"):
            fill(tmp_path, **{question: text})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        *((answer, "use lowercase letters") for answer in NO_SLUGS),
        *((answer, f'that name is already taken, try "{answer}_backend"') for answer in TAKEN),
        ("a" * 64, "a database name has at most 63 characters"),
    ],
)
def test_a_bad_slug_is_refused_in_one_line_and_leaves_nothing(
    fill: Fill, tmp_path: Path, answer: str, because: str
) -> None:
    with pytest.raises(FailedHookException, match=rf"^Error: project_slug is .*{because}.*\.$"):
        fill(tmp_path, project_slug=answer)

    assert list(tmp_path.iterdir()) == []


letters = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
fragments = st.sampled_from(GOOD) | st.text(letters, max_size=5)
texts = st.lists(fragments, min_size=1, max_size=5).map("".join)
any_texts = texts | st.text(max_size=5) | st.builds(str.__add__, texts, st.text(max_size=1))
slugs = (
    st.from_regex(r"[a-z]{1,9}(_?[a-z0-9]{1,20}){0,4}", fullmatch=True)
    | st.sampled_from([*sys.stdlib_module_names, "null", "yes", "true", "app", "con", "İ", "٣"])
    | any_texts
)
tried = settings(
    max_examples=EXAMPLES,
    derandomize="EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def bakes(fill: Fill, folder: str, answers: dict[str, str]) -> bool:
    """Tell whether the answers are baked. If not, they are refused as they should be."""
    refusal = None
    try:
        fill(Path(folder), **answers)
    except FailedHookException as error:
        refusal = str(error)
    event("refused" if refusal else "baked")
    if refusal:
        assert re.fullmatch(r"Error: \w+ is .+: .+\.", refusal)
        assert os.listdir(folder) == []
    return not refusal


@tried
@given(name=any_texts, slug=st.sampled_from([{}, SLUG, SLUG]), description=texts, author=texts)
def test_any_answers_are_baked_unchanged_or_refused_in_one_line(
    fill: Fill, name: str, slug: dict[str, str], description: str, author: str
) -> None:
    answers = {"project_name": name, "description": description, "author": author}
    with TemporaryDirectory() as folder:
        if bakes(fill, folder, answers | slug):
            (project,) = Path(folder).iterdir()
            assert_holds(project, name, description, author)
            assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", project.name)


@tried
@given(slug=slugs)
def test_any_slug_is_baked_and_stays_a_string_in_yaml_or_is_refused_in_one_line(
    fill: Fill, slug: str
) -> None:
    with TemporaryDirectory() as folder:
        if bakes(fill, folder, {"project_slug": slug}):
            compose = yaml.safe_load(Path(folder, slug, "compose.yaml").read_text("utf-8"))
            assert compose["services"]["db"]["environment"]["POSTGRES_DB"] == slug
            assert len(slug.encode()) <= 63


# Ways to answer


@pytest.fixture(scope="module")
def plain(render: Bake) -> Path:
    return render(**SLUG).path


@pytest.mark.parametrize("way", ["command line", "prompt", "config", "replay file"])
def test_a_hard_text_is_taken_unchanged(
    plain: Path, environment: dict[str, str], tmp_path: Path, way: str
) -> None:
    config, replay = tmp_path / "config.yaml", tmp_path / "replay.json"
    answers = {question: CHOICES[question][0] for question in CHOICES} | HARD
    settings: dict[str, object] = {"replay_dir": str(tmp_path / "replays")}
    options, typed = ["--no-input"], ""
    if way == "command line":
        options += [f"{question}={answer}" for question, answer in HARD.items()]
    elif way == "config":
        settings["default_context"] = HARD
    elif way == "prompt":
        options, typed = [], "".join(f"{HARD.get(question, '')}\n" for question in QUESTIONS)
    else:
        options = [f"--replay-file={replay}"]
    config.write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    replay.write_text(json.dumps({"cookiecutter": answers}), encoding="utf-8")

    done = subprocess.run(
        [
            *(sys.executable, "-m", "cookiecutter", str(TEMPLATE), *options),
            *("--accept-hooks=no", f"--config-file={config}", f"--output-dir={tmp_path / 'baked'}"),
        ],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    project = tmp_path / "baked/hostile"
    assert_holds(project, HARD["project_name"], HARD["description"], HARD["author"])
    names = files_of(plain).keys()
    assert files_of(project).keys() == names
    for name in names - HOLD_TEXTS:
        assert (project / name).read_bytes() == (plain / name).read_bytes()


def test_a_bad_text_is_refused_at_its_prompt(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(TEMPLATE)],
        cwd=tmp_path,
        env=environment | {"COLUMNS": "100"},
        input=" \nslug\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(
        r" *\[1/8\] .* \(My Backend\): Error: project_name is '': it must not be blank\.\n",
        done.stdout,
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ({"author": "two\nlines"}, "author is 'two\\nlines': it must be a single line"),
        ({"author": None}, "author is None: it must be text, in quotes."),
        ({"description": 5}, "description is 5: it must be text, in quotes."),
        ({"project_slug": "../outside"}, "project_slug is '../outside': use lowercase letters"),
        ({"project_slug": ["x"]}, "project_slug is ['x']: it must be text, in quotes."),
        ({"license": "GPL"}, "license is 'GPL': choose one of MIT, Apache-2.0, BSD-3-Clause,"),
        ({"ci": ["both"]}, "ci is ['both']: choose one of gitlab, github, both."),
    ],
)
def test_a_bad_answer_in_a_replay_file_is_refused_in_one_line_and_leaves_nothing(
    fill: Fill, tmp_path: Path, answer: dict[str, object], because: str
) -> None:
    replay = tmp_path / "replay.json"
    answers = {question: CHOICES[question][0] for question in CHOICES} | HARD | answer
    replay.write_text(json.dumps({"cookiecutter": answers}), encoding="utf-8")

    with pytest.raises(FailedHookException, match=f"^Error: {re.escape(because)}[^\n]*$"):
        fill(tmp_path / "baked", replay=replay)

    assert not (tmp_path / "baked").exists()


@pytest.mark.parametrize("answer", [True, None, {"a": "b"}])
def test_an_answer_in_a_config_that_is_not_text_is_refused_in_one_line(
    fill: Fill, tmp_path: Path, answer: object
) -> None:
    with pytest.raises(FailedHookException, match=r"^Error: author is .+: it must be text, in"):
        fill(tmp_path, author=answer)

    assert list(tmp_path.iterdir()) == []


# Choices


@cache
def is_parsed(suffix: str, text: str) -> bool:
    if suffix == ".toml":
        return bool(tomllib.loads(text))
    return suffix not in {".yaml", ".yml"} or bool(yaml.safe_load(text))


def flaws(project: Path) -> Iterator[str]:
    for name, path in files_of(project).items():
        text = path.read_text("utf-8")
        for what, found in {
            "a tag is left": re.search(r"(?<!\$)\{[{%#]|cookiecutter\.", text),
            "trailing whitespace": re.search(r"[ \t]$", text, re.MULTILINE),
            "three blank lines": "\n\n\n\n" in text,
            "not exactly one newline at the end": not re.search(r"[^\n]\n\Z", text),
            "does not parse": not is_parsed(path.suffix, text),
            "executable": path.stat().st_mode & 0o111,
        }.items():
            if found:
                yield f"{name}: {what}"
    for path in (project / "README.md", *(project / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
            source = SOURCE / path.parent.relative_to(project) / link
            if not source.exists():
                yield f"{path.relative_to(project)}: broken link to {link}"


def test_a_planted_flaw_is_found(tmp_path: Path) -> None:
    tagged = "{{ x }} {% x %} cookiecutter.ci \n\n\n\n[gone](docs/gone.md)\n\n"
    (tmp_path / "README.md").write_text(tagged)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/walk.md").write_text("[here](gate.md), [gone](docs/gate.md)\n")
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "run.sh").write_text("no line end")
    (tmp_path / "run.sh").chmod(0o755)

    assert sorted(flaws(tmp_path)) == [
        "README.md: a tag is left",
        "README.md: broken link to docs/gone.md",
        "README.md: not exactly one newline at the end",
        "README.md: three blank lines",
        "README.md: trailing whitespace",
        "docs/walk.md: broken link to docs/gate.md",
        "empty.toml: does not parse",
        "empty.toml: not exactly one newline at the end",
        "run.sh: executable",
        "run.sh: not exactly one newline at the end",
    ]


def pairwise() -> Iterator[dict[str, str]]:
    """Yield combinations of the choices, in which each pair of choices is together once."""
    met: set[tuple[str, str]] = set()
    for choice in itertools.product(*CHOICES.values()):
        pairs = set(itertools.combinations(choice, 2))
        if not pairs <= met:
            yield dict(zip(CHOICES, choice, strict=True))
        met |= pairs


@pytest.mark.parametrize("answers", [*pairwise()], ids=lambda answers: " ".join(answers.values()))
def test_any_two_choices_bake_without_a_flaw(
    fill_all: Fill, tmp_path: Path, answers: dict[str, str]
) -> None:
    assert list(flaws(fill_all(tmp_path, **answers))) == []


def test_a_project_with_hard_texts_and_no_defaults_passes_its_suite(bake: Bake) -> None:
    slug = "x" * 63
    choices = {question: offered[-1] for question, offered in CHOICES.items()}

    project = bake(**HARD | choices | {"project_slug": slug})

    project.succeed("sync", "--frozen", "--compile-bytecode")
    project.succeed("run", "--frozen", "ruff", "check")
    project.succeed("run", "--frozen", "ruff", "format", "--check")
    openapi = "import json; from app.main import app; print(json.dumps(app.openapi()['info']))"
    info = json.loads(project.succeed("run", "--frozen", "python", "-c", openapi))
    assert info["title"] == HARD["project_name"]
    assert info["description"] == HARD["description"]
    assert re.search(r"^=+ \d+ passed in ", project.succeed("run", "--frozen", "pytest"), re.M)
    for script in SOURCE.rglob("*.py"):
        assert (project.path / script.relative_to(SOURCE)).read_bytes() == script.read_bytes()
    assert not list(project.path.parent.rglob("hacked"))
    assert {"name": slug} == {
        "name": tomllib.loads(project.read("pyproject.toml"))["project"]["name"]
    }


# What a command line is told

SAYS = {
    'author=""': "it must not be blank",
    r"description=$'two\nlines'": "it must be a single line, without control characters",
    "project_slug=My-Backend": "use lowercase letters, digits and single underscores",
    "projct_name=Fish": "unknown question",
    # Cookiecutter itself prints a traceback before it.
    "license=GPL": "the choices are ['MIT', 'Apache-2.0', 'BSD-3-Clause', 'proprietary']",
}


@pytest.mark.parametrize("answer", SAYS)
def test_a_wrong_answer_on_the_command_line_is_refused_before_anything_is_written(
    environment: dict[str, str], tmp_path: Path, answer: str
) -> None:
    command = f'"$0" -m cookiecutter "$1" --no-input {answer}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, str(TEMPLATE)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    is_by_cookiecutter = answer.startswith("license=")
    *before, line = (done.stderr if is_by_cookiecutter else done.stdout).splitlines()
    assert done.returncode == 1
    assert SAYS[answer] in line
    assert bool(before) == is_by_cookiecutter
    assert list(tmp_path.iterdir()) == []
