"""The settings of pytest in a repository, wherever they are."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .changes import Changes, Refusal, read

# In the order in which pytest looks, with the tables that it reads.
PLACES = {
    "pytest.toml": ("pytest",),
    ".pytest.toml": ("pytest",),
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool.pytest", "tool.pytest.ini_options"),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}


def load_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read(path)) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"{path} is not valid TOML: {error}.") from None


def load_ini(path: Path) -> dict[str, Mapping[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read(path) if path.is_file() else "")
    except configparser.Error as error:
        reason = str(error).splitlines()[0]
        raise Refusal(f"{path} is not a valid INI file: {reason}") from None
    return dict(parser)


def dig(table: Mapping[str, Any], dotted: str) -> Any:
    """A value in nested tables, or an empty table."""
    value: Any = table
    for name in dotted.split("."):
        value = value.get(name, {}) if isinstance(value, dict) else {}
    return value


@dataclass(frozen=True)
class Settings:
    """The file, its table and the values. `path` is None where pytest has no settings."""

    path: Path | None = None
    table: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def words(self, name: str) -> list[str]:
        value = self.values.get(name, [])
        return shlex.split(value) if isinstance(value, str) else [str(one) for one in value]


def find_settings(root: Path) -> Settings:
    for name, tables in PLACES.items():
        path = root / name
        if not path.is_file():
            continue
        is_toml = path.suffix == ".toml"
        content: Mapping[str, Any] = load_toml(path) if is_toml else load_ini(path)
        for table in tables:
            values = dig(content, table) if is_toml else content.get(table, {})
            own = {key: value for key, value in values.items() if key != "ini_options"}
            if own or (table in content and not is_toml):
                return Settings(path, table, own)
        if path.stem.endswith("pytest"):
            return Settings(path, tables[0])
    return Settings()


def add_to_pythonpath(changes: Changes, settings: Settings, folder: str) -> bool:
    """Add a folder to the setting `pythonpath`, and say whether that was needed."""
    path = settings.path
    if path is None or folder in settings.words("pythonpath"):
        return False
    text = changes.read(path) or ""
    end = "\r\n" if "\r\n" in text else "\n"
    in_list = path.suffix == ".toml"
    if "pythonpath" in settings.values:
        as_list = r"(?m)^(\s*pythonpath\s*=\s*\[)(\s*)"
        if in_list and re.search(as_list, text):
            text = re.sub(as_list, rf'\1\2"{folder}", ', text, count=1)
        elif in_list:
            text = re.sub(r'(?m)^(\s*pythonpath\s*=\s*")', rf"\g<1>{folder} ", text, count=1)
        else:
            text = re.sub(r"(?m)^(pythonpath\s*[=:][ \t]*)", rf"\g<1>{folder} ", text, count=1)
    else:
        value = f'["{folder}"]' if in_list else folder
        head = re.search(rf"(?m)^\[{re.escape(settings.table)}\][^\r\n]*(\r?\n|$)", text)
        line = f"pythonpath = {value}{end}"
        at = head.end() if head else len(text)
        before = "" if head else f"[{settings.table}]{end}"
        text = text[:at] + before + line + text[at:]
    changes.write(path, text)
    return True
