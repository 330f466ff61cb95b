"""Annotations of GitHub Actions: findings in the diff of a pull request, by lines in the log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from . import render as output
from .causes import Place
from .code_quality import position
from .prose import printable
from .where import path_in_repository

_COMMANDS = {"failed": "error", "warned": "warning"}
#: GitHub shows so many of a step for each command.
_MOST = 10


def are_wanted() -> bool:
    """Whether a job of GitHub Actions reads the output."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def commands(places: Sequence[Place], root: Path) -> Iterator[str]:
    """The commands that annotate the lines with findings; not those of the baseline."""
    for outcome, command in _COMMANDS.items():
        of_outcome = [place for place in places if place.outcome == outcome]
        yield from _of_command(command, of_outcome[:_MOST], root)


def _of_command(command: str, places: Iterable[Place], root: Path) -> Iterator[str]:
    for place in places:
        finding = place.finding
        path, line = position(place)
        message = f"{printable(finding.what)}\nWhy: {finding.rule.why}.\nFix: {finding.rule.fix}."
        file = _escaped(path_in_repository(root, path), in_property=True)
        title = _escaped(f"{output.NAME}: {finding.rule.id}", in_property=True)
        yield f"::{command} file={file},line={line},title={title}::{_escaped(message)}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    """As GitHub reads it: a line break would end the command, or begin another one."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
