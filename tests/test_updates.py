"""Does a baked project get later changes of the template through cruft?"""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from support.project import Cookiecutter, Done, Project, copy_template
from test_baked_suite import passed

BAKED = "{{cookiecutter.project_slug}}"
ME = {
    f"GIT_{role}_{what}": "ada@example.com"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("EMAIL", "NAME")
}
# A later state of the template: a filter and its use, a line of code, a dependency, a version.
# On the systems that these tests run on, no other package is installed.
LATER = {
    "hooks/answers.py": (r"for function in \(", r"\g<0>str.swapcase, "),
    "hooks/tested-versions.txt": (r"colorama==.*", "colorama==0.4.5"),
    f"{BAKED}/README.md": ("## Test it", "## Test {{ cookiecutter.project_name | swapcase }}"),
    f"{BAKED}/app/errors.py": (r'\A"""', '"""Later. '),
    f"{BAKED}/pyproject.toml": (
        r"\ndependencies = \[\n",
        "\\g<0>    \"colorama; sys_platform == 'win32'\",\n",
    ),
}


def change(folder: Path, name: str, pattern: str, replacement: str) -> None:
    path = folder / name
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count == 1, f"{pattern} is {count} times in {name}"
    path.write_text(text, encoding="utf-8")


def commit(project: Project, message: str) -> str:
    """Commit all there is, and return the commit."""
    for command in (["add", "--all"], ["commit", "--quiet", f"--message={message}"]):
        done = project.run("git", *command)
        assert done.returncode == 0, done.stderr
    return project.run("git", "rev-parse", "HEAD").stdout.strip()


def cruft(project: Project, *arguments: str) -> Done:
    return project.uv("tool", "run", "cruft@2.16.0", *arguments)


@pytest.fixture
def template(environment: dict[str, str], tmp_path: Path) -> Project:
    """A template with its own history, at its first commit."""
    template = Project(copy_template(tmp_path / "template"), environment | ME)
    template.run("git", "init", "--quiet")
    commit(template, "First")
    return template


@pytest.mark.usefixtures("installed")
def test_an_update_brings_what_is_new_and_keeps_what_was_changed(
    template: Project, environment: dict[str, str], tmp_path: Path
) -> None:
    created = cruft(
        Project(tmp_path, environment | ME),
        *("create", str(template.path), "--no-input"),
        *("--extra-context", '{"project_name": "Fish & Chips"}'),
    )
    assert created.returncode == 0, created.stdout + created.stderr
    assert "Next:\n" in created.stdout
    project = Project(tmp_path / "fish_chips", environment | ME)
    assert cruft(project, "check").returncode == 0
    commit(project, "Bake")

    # The project is changed, in a file of its own and in one of the template.
    (project.path / "app/notes.py").write_text('NOTE = "Milk"\n')
    (project.path / "tests/test_notes.py").write_text(
        "from app.notes import NOTE\n\n\ndef test_note() -> None:\n    assert NOTE\n"
    )
    change(project.path, "README.md", "## Change it", "## Change it with care")
    commit(project, "Change")

    # The template is changed too.
    for name, (pattern, replacement) in LATER.items():
        change(template.path, name, pattern, replacement)
    later = commit(template, "Second")
    assert cruft(project, "check").returncode == 1

    kept = {name: project.read(name) for name in (".env", "uv.lock", "app/notes.py")}
    updated = cruft(project, "update", "--skip-apply-ask")

    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert updated.stderr == ""
    assert "Next:" not in updated.stdout
    assert {name: project.read(name) for name in kept} == kept
    assert "## Change it with care\n" in project.read("README.md")
    assert "## Test fISH & cHIPS\n" in project.read("README.md")
    assert project.read("app/errors.py").startswith('"""Later. ')
    settings = tomllib.loads(project.read("pyproject.toml"))
    assert later.startswith(settings["tool"]["template"]["version"])
    assert not list(project.path.rglob("*.rej"))
    assert cruft(project, "check").returncode == 0

    assert project.uv("lock", "--check").returncode == 1
    project.succeed("lock")
    locked = r'name = "colorama"\nversion = "(.+)"'
    assert re.findall(locked, project.read("uv.lock")) == re.findall(locked, kept["uv.lock"])
    tests = ("tests/test_users.py", "tests/test_notes.py")
    assert passed(project.succeed("run", "--frozen", "pytest", *tests)) > 20


def test_a_project_baked_with_cookiecutter_can_be_linked_with_its_recorded_answers(
    template: Project, environment: dict[str, str], tmp_path: Path
) -> None:
    # `skip` alone has to do where the hook takes a bake for comparison for a real one.
    change(template.path, "hooks/post_gen_project.py", r"if is_for_comparison\(\):", "if False:")
    commit(template, "Forget")
    folder = Project(tmp_path, environment | ME)
    answers = ['project_name=It\'s "quoted"', "project_slug=linked", "license=Apache-2.0"]
    baked = folder.run(
        *(sys.executable, "-m", "cookiecutter", str(template.path), "--no-input", *answers)
    )
    assert baked.returncode == 0, baked.stderr
    project = Project(tmp_path / "linked", environment | ME)
    commit(project, "Bake")

    made_from = tomllib.loads(project.read("pyproject.toml"))["tool"]["template"]
    linked = cruft(
        project,
        *("link", str(template.path), "--no-input", "--checkout", made_from["version"]),
        *("--extra-context", json.dumps(made_from["answers"])),
    )

    assert linked.returncode == 0, linked.stdout + linked.stderr
    assert cruft(project, "check").returncode == 0
    difference = cruft(project, "diff", "--exit-code")
    assert difference.returncode == 0, difference.stdout
    assert difference.stdout.startswith("Next:\n")


def test_the_version_of_a_template_outside_git_is_unknown(
    cookiecutter: Cookiecutter, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()

    done = cookiecutter(
        *("--no-input", "--accept-hooks=no"), cwd=tmp_path, PATH=str(tmp_path / "bin")
    )

    assert done.returncode == 0, done.stderr
    text = (tmp_path / "my_backend/pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["tool"]["template"]["version"] == "unknown"
