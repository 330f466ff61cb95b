"""GitLab's code quality report: findings in the diff of a merge request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import render as output
from .causes import Place
from .fingerprints import fingerprints
from .where import path_in_repository

#: The severities of GitLab, by what a finding has come to.
_SEVERITIES = {"failed": "major", "warned": "minor", "known": "info"}


def write(path: Path, places: Sequence[Place], root: Path) -> None:
    """Write one entry for each line that has a finding.

    Raises:
        OSError: the file can't be written.
    """
    names = fingerprints((place.finding for place in places), root)
    entries = [_entry(place, names[place.finding.cause], root) for place in places]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _entry(place: Place, fingerprint: str, root: Path) -> dict[str, Any]:
    finding = place.finding
    path, line = position(place)
    return {
        "type": "issue",
        "check_name": finding.rule.id,
        "description": f"{output.one_line(finding)} Fix: {finding.rule.fix}.",
        "categories": ["Bug Risk"],
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[place.outcome],
        "location": {"path": path_in_repository(root, path), "lines": {"begin": line}},
    }


def position(place: Place) -> tuple[str, int]:
    """The line of a finding; where none is known, the file of the first test that has met it."""
    where = place.finding.where
    if where is not None:
        return where.path, where.line
    test = next(filter(None, place.tests), "")
    return test.partition("::")[0] or ".", 1
