"""Makes one self-contained page of what was collected. It loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..causes import Place
from ..fingerprints import fingerprints
from .collected import Collected
from .labels import without_secrets
from .rows import Data, key_of

_HERE = Path(__file__).parent
#: So many lines of source are shown before and after that of a finding.
_AROUND = 3
_LONGEST_LINE = 200
_MOST_STATEMENTS = 100
_MOST_REQUESTS = 200
_TOTALS = ("took", "held", "database", "thread", "idle", "queries")


def write(
    path: Path,
    *,
    collected: Collected,
    places: Sequence[Place],
    blind_spots: Sequence[str],
    root: Path,
) -> None:
    """Write the page of a run.

    Raises:
        OSError: the file can't be written.
    """
    text = page_of(data_of(collected, places, blind_spots, root))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def page_of(data: Data) -> str:
    """Put the data of a run into the page."""
    style, script, page = (
        (_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html")
    )
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    title = html.escape(f"Behavior gate: {data['suite']}")
    for mark, text in (("STYLE", style), ("DIGEST", digest), ("SCRIPT", script), ("TITLE", title)):
        page = page.replace(f"@{mark}@", text, 1)
    # Last, as it may hold a mark.
    return page.replace("@DATA@", _as_script(data), 1)


def data_of(
    collected: Collected, places: Sequence[Place], blind_spots: Sequence[str], root: Path
) -> Data:
    """Bring together what the page shows of a run."""
    tests = list(collected.rows)
    numbers = {test: number for number, test in enumerate(tests)}
    sources = Sources(root, collected.secrets)
    names = fingerprints((place.finding for place in places), root)
    statements = sorted(collected.statements.items(), key=lambda one: one[1][1], reverse=True)
    requests = sorted(collected.requests.values(), key=lambda one: one["took"], reverse=True)
    rows = list(collected.rows.values())
    return {
        "suite": root.name,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "totals": {name: sum(row[name] for row in rows) for name in _TOTALS},
        "blind_spots": list(blind_spots),
        "findings": [
            _finding(place, names[place.finding.cause][:12], collected, numbers, sources)
            for place in places
        ],
        "tests": [
            {"id": test, "outcome": row["outcome"]} | {name: row[name] for name in _TOTALS}
            for test, row in collected.rows.items()
        ],
        "details": {
            numbers[test]: details
            | {"holds": [[*times, sources.frames(stack)] for *times, stack in details["holds"]]}
            for test, details in collected.details.items()
        },
        "holds": [
            {
                "test": numbers[hold["test"]],
                "took": hold["took"],
                "stack": sources.frames(hold["stack"]),
            }
            for hold in collected.holds
        ],
        "requests": requests[:_MOST_REQUESTS],
        "statements": [[text, *counts] for text, counts in statements[:_MOST_STATEMENTS]],
    }


class Sources:
    """Reads lines of the project's own files, each file once, and masks the secrets in them."""

    def __init__(self, root: Path, secrets: Collection[str]) -> None:
        self._root = root
        self._secrets = secrets
        self._files: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str:
        lines = self._lines(path)
        return self._shown(lines[number - 1].strip()) if 0 < number <= len(lines) else ""

    def around(self, path: str, number: int) -> list[list[Any]]:
        """The lines around one, with their numbers."""
        lines = self._lines(path)
        first = max(1, number - _AROUND)
        shown = lines[first - 1 : number + _AROUND]
        return [[n, self._shown(line)] for n, line in enumerate(shown, start=first)]

    def frames(self, stack: Sequence[Sequence[Any]]) -> list[Data]:
        return [
            {"path": path, "line": line, "function": function, "text": self.line(path, line)}
            for path, line, function in stack
        ]

    def _shown(self, line: str) -> str:
        return without_secrets(line, self._secrets)[:_LONGEST_LINE]

    def _lines(self, path: str) -> list[str]:
        if path not in self._files:
            self._files[path] = []
            # What is installed is not the project's.
            if not Path(path).is_absolute() and path.endswith(".py"):
                try:
                    text = (self._root / path).read_text(encoding="utf-8", errors="replace")
                except OSError:
                    text = ""
                self._files[path] = text.split("\n")
        return self._files[path]


def _finding(
    place: Place,
    name: str,
    collected: Collected,
    numbers: Mapping[str, int],
    sources: Sources,
) -> Data:
    finding, where = place.finding, place.finding.where
    path, line = (where.path, where.line) if where else (None, None)
    key = key_of({"rule": finding.rule.id, "path": path, "line": line})
    return {
        "id": name,
        "rule": finding.rule.id,
        "outcome": place.outcome,
        "what": without_secrets(finding.what, collected.secrets),
        "why": finding.rule.why,
        "fix": finding.rule.fix,
        "path": path,
        "line": line,
        "function": where and where.function,
        "source": sources.around(where.path, where.line) if where else [],
        "stack": sources.frames(collected.stacks.get(key, [])),
        "tests": [numbers[test] for test in place.tests if test is not None and test in numbers],
    }


def _as_script(data: Data) -> str:
    """JSON in which no text can end the element that it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
