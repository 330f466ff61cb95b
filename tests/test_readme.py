"""Do the commands of the README work as written?"""

import os
import re
import subprocess
import sys
from pathlib import Path

from support.project import NOT_OURS, TEMPLATE, copy_template, uv_path

README = (TEMPLATE / "README.md").read_text(encoding="utf-8")
BAKE_AND_TEST, START, PUBLISHED, COPY, TEST_TEMPLATE = re.findall(r"```sh\n(.+)\n```", README)


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(README.splitlines()) <= 150


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert (TEMPLATE / ".ci/run").read_text(encoding="utf-8").splitlines()[-1] == TEST_TEMPLATE


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


def test_the_first_command_bakes_a_project_and_its_suite_is_green(tmp_path: Path) -> None:
    """In an empty home, in a directory whose path has a space and 120 characters."""
    folder = tmp_path / "a path with a space"
    folder /= "x" * (119 - len(str(folder / "template")))
    template = copy_template(folder / "template")
    home = tmp_path / "home"
    home.mkdir()
    cache = subprocess.run([uv_path(), "cache", "dir"], capture_output=True, text=True, check=True)
    inherited = {name: text for name, text in os.environ.items() if name not in {*NOT_OURS, "UV"}}

    done = subprocess.run(
        ["bash", "-c", BAKE_AND_TEST],
        cwd=template,
        env=inherited
        | {
            "HOME": str(home),
            "PATH": path_without_postgres(tmp_path / "bin"),
            "UV_CACHE_DIR": cache.stdout.strip(),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^=+ \d+ passed in .* =+$", done.stdout, re.MULTILINE), done.stdout
    assert len(str(template)) == 120
