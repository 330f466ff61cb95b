"""Is the example of an owned resource removed as docs/changing.md of a baked project says?"""

from pathlib import Path

from support.project import Project
from test_baked_suite import passed

REMOVE = "rm -r app/memos tests/memos migrations/versions/0004_create_memos.py"
LINE = '    "app.memos.router",\n'


def test_the_example_is_removed_with_its_files_and_one_line(
    installed: Project, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "my_backend")
    main = project.path / "app/main.py"
    text = main.read_text(encoding="utf-8")
    assert text.count(LINE) == 1
    assert f"```sh\n{REMOVE}\n```" in project.read("docs/changing.md")

    assert project.run(*REMOVE.split()).returncode == 0
    main.write_text(text.replace(LINE, ""), encoding="utf-8")

    assert not [
        path
        for folder in ("app", "migrations", "tests")
        for path in (project.path / folder).rglob("*.py")
        if "memos" in path.read_text(encoding="utf-8")
    ]
    for command in ("ruff check", "ruff format --check", "mypy"):
        project.succeed("run", "--frozen", *command.split())
    assert passed(project.succeed("run", "--frozen", "pytest")) > 50
