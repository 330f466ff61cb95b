"""Lays an app over a freshly baked project, as a team would have grown it there."""

import shutil
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Edit:
    """A text of a file that stands there once, and what takes its place."""

    path: str
    old: str
    new: str

    def apply(self, project: Path) -> int:
        """Edit the file in a project, and return the number of the first line that is new."""
        file = project / self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.path} holds {text.count(self.old)} x {self.old!r}"
        before, after = text.split(self.old)
        file.write_text(before + self.new + after, encoding="utf-8")
        return before.count("\n") + 1


@dataclass(frozen=True)
class Overlay:
    """The files of an app, its edits to what was baked, and the libraries that it has added."""

    name: str
    libraries: tuple[str, ...]
    edits: tuple[Edit, ...]

    def apply(self, project: Path) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(HERE / self.name, project, ignore=ignored, dirs_exist_ok=True)
        for edit in self.edits:
            edit.apply(project)


PRODUCT = Overlay(
    "product",
    libraries=(
        "aiofiles",
        "fakeredis",
        "jinja2",
        "prometheus-client",
        "redis",
        "respx",
        "slowapi",
        "sse-starlette",
        "strawberry-graphql",
        "structlog",
        "types-aiofiles",
    ),
    edits=(
        Edit(
            "app/config.py",
            "    access_token_minutes: int = Field(default=30, gt=0)\n",
            """\
    access_token_minutes: int = Field(default=30, gt=0)
    admin_email: str | None = None
    admin_password: Secret[str] | None = None
    redis_url: str = "redis://localhost:6379/0"
    uploads: Path = ROOT / "uploads"
    flags_file: Path = ROOT / "app/flags/flags.toml"
    mail_url: str = "http://localhost:8025/v1/messages"
    checkout_url: str = "http://localhost:8026/v1/checkouts"
    webhook_secret: Secret[str] = Secret("")
""",
        ),
        Edit(
            "tests/conftest.py",
            'pytest_plugins = ["tests.behavior_gate", "tests.app_under_test"]',
            'pytest_plugins = ["tests.behavior_gate", "tests.app_under_test", '
            '"tests.product_fixtures"]',
        ),
    ),
)
