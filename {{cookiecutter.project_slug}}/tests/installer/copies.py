"""The copied folders: unchanged but for a header, with a MANIFEST that shows what was edited."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .changes import Changes, Refusal, read
from .commands import output_of

ORIGIN = "fastapi-behavior-gate-template"
TESTS = Path(__file__).resolve().parent.parent
VERSION = read(TESTS / "behavior_gate/VERSION").strip()
GATE = "behavior_gate"
FOLDERS = (GATE, "postgres", "isolation", "exploration")
MANIFEST = "MANIFEST"
# Each linter reads the comment of its own. mypy would take the module for empty, if the line for
# pyright began with its words.
HEADER = f"""\
# Copied from {ORIGIN}. Do not edit: see MANIFEST.
# SPDX-License-Identifier: MIT
# flake8: noqa
# fmt: off
# isort: skip_file
# mypy: ignore-errors
# pylint: skip-file
# pyright: # type: ignore
"""
# ruff has a rule against such comments, but reads the nearest settings.
RUFF = f"""\
# Copied from {ORIGIN}: not the code of this repository.
exclude = ["*"]

[lint]
select = []
"""
NOT_COPIED = {"__pycache__", "dist", "build", MANIFEST, "ruff.toml"}


def files_of(folder: str) -> dict[str, str]:
    """The files to be copied, by their path in the folder."""
    texts = {"ruff.toml": RUFF}
    for path in sorted((TESTS / folder).rglob("*")):
        parts = path.relative_to(TESTS / folder).parts
        if path.is_file() and not any(
            part in NOT_COPIED or part.startswith(".") or part.endswith((".pyc", ".egg-info"))
            for part in parts
        ):
            text = read(path)
            texts["/".join(parts)] = headed(text) if path.suffix == ".py" else text
    return texts


def headed(text: str) -> str:
    return f"{HEADER}\n{text}" if text else HEADER


def bare(text: str) -> str:
    return text.removeprefix(HEADER).removeprefix("\n")


def manifest_of(texts: dict[str, str]) -> str:
    """What `sha256sum --check MANIFEST` reads. VERSION may differ: it says what to refresh."""
    head = (
        f"# {ORIGIN} {VERSION}, MIT licence (SPDX-License-Identifier: MIT).\n"
        "# Do not edit these files: `tests/install.py` of the template or of a baked project\n"
        "# refreshes them. Your own code goes into app_under_test.py.\n"
    )
    lines = [f"{digest(text)}  {name}\n" for name, text in texts.items() if name != "VERSION"]
    return head + "".join(lines)


def digest(text: str) -> str:
    # A checkout of git on Windows has other line endings.
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


@dataclass
class Copied:
    """What a copy in a repository says about itself."""

    version: str
    #: The hash of each file that was copied, or None where there is no MANIFEST.
    hashes: dict[str, str] | None


def look_at(folder: Path) -> Copied:
    manifest, version = folder / MANIFEST, folder / "VERSION"
    if not manifest.is_file():
        known = read(version).strip() if version.is_file() else "an unknown version"
        return Copied(known, None)
    lines = read(manifest).splitlines()
    words = lines[0].removeprefix(f"# {ORIGIN} ").split(",")[0] if lines else ""
    found = [re.fullmatch(r"([0-9a-f]{64})  (.+)", line) for line in lines]
    known = read(version).strip() if version.is_file() else words
    return Copied(known, {one[2]: one[1] for one in found if one is not None})


def plan(changes: Changes, destination: Path, folder: str) -> str | None:
    """Plan to copy or refresh a folder, and say which version it had.

    Raises:
        Refusal: It would overwrite somebody's work.
    """
    target, texts = destination / folder, files_of(folder)
    had: str | None = None
    if target.exists():
        copied = look_at(target)
        had = copied.version
        check_that_it_is_a_copy(target, texts)
        for path in outdated(target, texts, copied):
            changes.write(path, None)
    for name, text in texts.items():
        changes.write(target / name, text)
    changes.write(target / MANIFEST, manifest_of(texts))
    return had


def check_that_it_is_a_copy(target: Path, texts: dict[str, str]) -> None:
    ours = {name for name in texts if name.endswith(".py") and name != "__init__.py"}
    if target.is_dir() and any((target / name).is_file() for name in (*ours, MANIFEST)):
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    raise Refusal(f"{target} is there, and was not copied from {ORIGIN}: rename it.")


def outdated(target: Path, texts: dict[str, str], copied: Copied) -> Iterator[Path]:
    """The files of an older copy that go. All others that differ must not have been edited."""
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target).as_posix()
        if not path.is_file() or "__pycache__" in path.parts or name in {MANIFEST, "VERSION"}:
            continue
        text = read(path)
        if name in texts and bare(text) == bare(texts[name]):
            continue
        if copied.hashes is None:
            if name not in texts and path.suffix != ".py":
                continue
            check_that_git_has(path, copied.version)
        elif name not in copied.hashes:
            if name in texts:
                raise edited(path)
            continue
        elif digest(text) != copied.hashes[name]:
            raise edited(path)
        if name not in texts:
            yield path


def edited(path: Path) -> Refusal:
    return Refusal(f"{path} was edited by hand: undo that, or remove the file, and run it again.")


def check_that_git_has(path: Path, version: str) -> None:
    """A copy without a MANIFEST may have been edited. What git has is not lost."""
    if version == VERSION:
        raise edited(path)
    command = ["git", "log", "--oneline", "-1", "--", path.name]
    status = ["git", "status", "--porcelain", "--ignored", "--", path.name]
    if not output_of(command, path.parent) or output_of(status, path.parent):
        raise Refusal(f"{path} may have been edited, and is not committed: commit or remove it.")
