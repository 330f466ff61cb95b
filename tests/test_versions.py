"""Do the versions work: the tested, the newest and the lowest ones?"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.project import TEMPLATE, Done, Project, copy_template
from test_ci import check_schema
from tools.versions import (
    CHECK,
    FILE,
    LOWEST,
    changes,
    locked_versions,
    read_versions,
    write_versions,
)

WORKFLOWS = (".github/workflows/test.yml", ".github/workflows/versions.yml")


def run_versions(template: Path, *options: str) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "tools.versions", *options],
        cwd=template / "tests",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# The command


def test_the_versions_of_a_lock_are_those_of_the_file(baked: Project) -> None:
    text = FILE.read_text(encoding="utf-8")
    tested = read_versions(text)

    assert locked_versions(baked.read("uv.lock")) | {"uv": tested["uv"]} == tested
    assert write_versions(tested) == text


def test_a_lock_with_two_versions_of_a_package_is_refused(baked: Project) -> None:
    second = '[[package]]\nname = "idna"\nversion = "1"\nsource = {registry = "x"}\n'

    with pytest.raises(ValueError, match=r"^idna is locked twice, as \d+\.\d+ and 1$"):
        locked_versions(baked.read("uv.lock") + second)


def test_a_change_is_printed_as_one_line() -> None:
    old = {"same": "1", "moved": "1.9", "gone": "2"}

    assert changes(old, {"same": "1", "moved": "1.10", "new": "3"}) == [
        "gone 2 -> (none)",
        "moved 1.9 -> 1.10",
        "new (none) -> 3",
    ]


@pytest.mark.parametrize("option", ["--newest", "--check --lowest"])
def test_an_unknown_option_is_refused_in_one_line(option: str) -> None:
    done = run_versions(TEMPLATE, *option.split())

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"versions.py: unknown option {option!r}. Use --check or --lowest.\n"


def test_a_step_that_fails_is_named_and_the_file_is_unchanged(tmp_path: Path) -> None:
    template = copy_template(tmp_path / "template")
    settings = template / "{{cookiecutter.project_slug}}/pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"asyncpg>=[\d.]+", "asyncpg>=99", text), encoding="utf-8")

    done = run_versions(template, LOWEST)

    assert done.returncode == 1
    assert "asyncpg>=99" in done.stdout
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(
        r"`.*uv tool run uv@[\d.]+ lock --upgrade --resolution=lowest-direct .*` failed\."
        r" hooks/tested-versions\.txt is unchanged\.",
        line,
    )
    assert (template / "hooks/tested-versions.txt").read_bytes() == FILE.read_bytes()


# The jobs of the template


@pytest.mark.parametrize("file", WORKFLOWS)
@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_a_workflow_is_short_and_valid_by_its_schema(
    environment: dict[str, str], file: str, schema: str
) -> None:
    done = check_schema(Project(TEMPLATE, environment), file, schema)

    assert done.returncode == 0, done.stdout + done.stderr
    text = (TEMPLATE / file).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    for action in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_a_push_runs_the_tests_and_each_week_the_newest_and_the_lowest_versions_are_tried() -> None:
    test, versions = (yaml.safe_load((TEMPLATE / file).read_text("utf-8")) for file in WORKFLOWS)

    (job,) = test["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    (job,) = versions["jobs"].values()
    assert job["steps"][-1] == {
        "run": "uv run --directory tests python -m tools.versions ${{ matrix.option }}"
    }
    assert job["strategy"]["matrix"]["option"] == [CHECK, LOWEST]
    # YAML 1.1 takes the key `on` for a boolean.
    assert set(versions[True]) == {"schedule", "workflow_dispatch"}
    assert set(test[True]) == {"push", "pull_request"}
