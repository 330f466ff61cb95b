"""What the project brings for editors and coding assistants."""

import ast
import json
import re
import tomllib
from pathlib import Path

from support.project import Project

#: Paths that the text names as examples.
PLACEHOLDERS = {"app/<domain>/router.py", "app/<domain>/service.py", "app/<domain>/models.py"}


def test_the_guide_for_assistants_is_short_and_names_only_what_is_there(baked: Project) -> None:
    guide = baked.read("AGENTS.md")

    assert len(guide.splitlines()) <= 60
    named = (
        set(re.findall(r"`((?:app|docs|tests|migrations)/[^`\s]*|[A-Z]+\.md)`", guide))
        - PLACEHOLDERS
    )
    assert named
    assert [path for path in named if not (baked.path / path).exists()] == []


def test_the_command_of_the_guide_proves_what_ci_proves(baked: Project) -> None:
    (block,) = re.findall(r"```sh\n(.*?)\n```", baked.read("AGENTS.md"), re.DOTALL)
    (checks,) = re.findall(r"^CHECKS = (\(.+\))$", baked.read("dev.py"), re.MULTILINE)

    assert block == "uv run dev.py check"
    assert ast.literal_eval(checks) == ("ruff check", "ruff format --check", "mypy", "pytest")
    ci = baked.read(".gitlab-ci.yml")
    assert [check for check in ast.literal_eval(checks) if check not in ci] == []


def test_the_settings_of_the_editor_fit_the_project(baked: Project) -> None:
    folder = baked.path / ".vscode"
    settings, extensions, launch = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("settings.json", "extensions.json", "launch.json")
    )

    formatter = settings["[python]"]["editor.defaultFormatter"]
    assert formatter in extensions["recommendations"]
    programs = [one["program"] for one in launch["configurations"] if "program" in one]
    paths = [path.replace("${workspaceFolder}", str(baked.path)) for path in programs]
    assert [path for path in paths if not Path(path).exists()] == []
    width = tomllib.loads(baked.read("pyproject.toml"))["tool"]["ruff"]["line-length"]
    assert f"max_line_length = {width}\n" in baked.read(".editorconfig")
    assert ".vscode" in baked.run("git", "ls-files", "-co", "--exclude-standard").stdout
