"""Small repositories as others write them, and the installer that copies the tests into them."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.project import NOT_OURS, TEMPLATE, Done

REPOSITORIES = TEMPLATE / "tests/repositories"
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
_IGNORED = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", "dist")


@dataclass(frozen=True)
class Repository:
    """A git repository, and the environment of the commands that run in it."""

    path: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> Done:
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        done = self.run("git", *identity, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Work")

    def changed(self) -> list[str]:
        """What differs from the last commit, as git shows it."""
        return self.git("status", "--porcelain").splitlines()

    def install(self, *options: str, source: Path = SOURCE) -> Done:
        # -S: without the packages of this environment.
        script = source / "tests/install.py"
        return self.run(sys.executable, "-S", script, "--to", self.path, *options)

    def installed(self, *options: str, source: Path = SOURCE) -> list[str]:
        """Install, and return the lines that say what was done. It has to succeed."""
        done = self.install(*options, source=source)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        return lines[1 : lines.index("")]

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")


def repository(name: str, parent: Path, environment: dict[str, str]) -> Repository:
    """Copy one of the repositories, and commit it."""
    path = shutil.copytree(REPOSITORIES / name, parent / name, ignore=_IGNORED)
    made = Repository(path, clean(environment))
    made.git("init", "--quiet")
    ignored = path / ".git/info/exclude"
    ignored.write_text("__pycache__/\n.*_cache/\n.venv/\n", encoding="utf-8")
    made.commit()
    return made


def clean(environment: dict[str, str]) -> dict[str, str]:
    """The variables for a repository that has an environment of its own."""
    dropped = NOT_OURS - {"UV_PYTHON"}
    return {name: text for name, text in environment.items() if name not in dropped}
