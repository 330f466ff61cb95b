"""How findings are shown: as text, in colour, and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from .core import Finding, Location, When

Data = dict[str, Any]

NAME = "behavior gate"

_COLOURS: dict[str, dict[str, bool]] = {
    "title": {"red": True, "bold": True},
    "what": {"bold": True},
    "at": {"cyan": True},
    "Mend": {"green": True},
}


def to_data(finding: Finding, test: str | None, when: When | None) -> Data:
    """Flatten a finding to what JSON can hold."""
    data = dataclasses.asdict(finding)
    where = data.pop("where") or {"path": None, "line": None, "function": None}
    return {"test": test, "phase": when, **data, **where}


def from_data(data: Data) -> Finding:
    """Undo `to_data`."""
    where = Location(data["path"], data["line"], data["function"]) if data["path"] else None
    return Finding(data["detector"], data["what"], where, data["why"], data["mend"])


def is_by_gate(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether a test has failed by its findings alone."""
    return str(report.longrepr).startswith(f"{NAME}: ")


def as_text(findings: Iterable[Finding], more: str = "") -> str:
    """Render findings as lines of plain text, and more below them."""
    texts = ["\n".join(line for _, line in _lines(finding)) for finding in findings]
    return "\n\n".join([*texts, more] if more else texts)


def write(writer: pytest.TerminalReporter | Any, findings: Iterable[Finding]) -> None:
    """Write findings to a terminal, in colour where it has any."""
    for number, finding in enumerate(findings):
        if number:
            writer.line("")
        for part, line in _lines(finding):
            writer.line(line, **_COLOURS.get(part, {}))


def write_json(path: Path, tests: int, detectors: Sequence[str], findings: Iterable[Data]) -> None:
    """Write the findings of a run as a JSON document.

    Raises:
        OSError: the file can't be written.
    """
    document = {
        "version": 1,
        "tests": tests,
        "detectors": list(detectors),
        "findings": list(findings),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def summary(finding: Finding) -> str:
    """Say it in one line."""
    where = f" at {finding.where}" if finding.where else ""
    return f"{finding.detector}: {finding.what.splitlines()[0]}{where}"


def short(finding: Finding) -> str:
    """Name it in a few words, where it has been told before."""
    return f"{finding.detector} at {finding.where}" if finding.where else summary(finding)


class ColouredFindings:
    """What pytest shows of a test that failed by its findings alone, and the line below them."""

    def __init__(self, findings: Sequence[Finding], line: str, original: Any) -> None:
        self._findings = findings
        self._line = line
        self.reprcrash = getattr(original, "reprcrash", None)

    def toterminal(self, writer: Any) -> None:
        write(writer, self._findings)
        if self._line:
            writer.line("")
            writer.line(self._line)

    def __str__(self) -> str:
        return as_text(self._findings, self._line)


def _lines(finding: Finding) -> Iterable[tuple[str, str]]:
    yield "title", f"{NAME}: {finding.detector}"
    for line in finding.what.splitlines():
        yield "what", f"  {line}"
    if finding.where is not None:
        yield "at", f"  at {finding.where}"
    yield "Why", f"  Why: {_sentence(finding.why)}"
    yield "Mend", f"  Mend: {_sentence(finding.mend)}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
