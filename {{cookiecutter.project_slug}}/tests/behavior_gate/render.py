"""How findings are shown: as text, in colour, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from . import rules
from .core import Finding, When
from .where import Location

Data = dict[str, Any]

NAME = "behavior gate"

_COLOURS: dict[str, dict[str, bool]] = {
    "title": {"red": True, "bold": True},
    "what": {"bold": True},
    "at": {"cyan": True},
    "Fix": {"green": True},
}


def to_data(finding: Finding, test: str | None, when: When | None) -> Data:
    """Flatten a finding to what JSON can hold."""
    rule, where = finding.rule, finding.where
    return {
        "test": test,
        "phase": when,
        "detector": rule.family,
        "rule": rule.id,
        "what": finding.what,
        "why": rule.why,
        "fix": rule.fix,
        "path": where and where.path,
        "line": where and where.line,
        "function": where and where.function,
    }


def from_data(data: Data) -> Finding:
    """Undo `to_data`."""
    where = Location(data["path"], data["line"], data["function"]) if data["path"] else None
    return Finding(rules.BY_ID[data["rule"]], data["what"], where)


def as_text(findings: Sequence[Finding], more: str = "") -> str:
    """Render findings as lines of plain text, and more below them."""
    texts = ["\n".join(line for _, line in _lines(finding)) for finding in findings]
    return "\n\n".join([*texts, more, _pointer(findings)] if more else [*texts, _pointer(findings)])


def write(
    writer: pytest.TerminalReporter | Any, findings: Sequence[Finding], more: str = ""
) -> None:
    """Write findings to a terminal, in colour where it has any, and more below them."""
    for finding in findings:
        for part, line in _lines(finding):
            writer.line(line, **_COLOURS.get(part, {}))
        writer.line("")
    if more:
        writer.line(more)
        writer.line("")
    writer.line(_pointer(findings))


def write_json(
    path: Path,
    *,
    tests: int,
    detectors: Sequence[str],
    blind_spots: Sequence[str],
    findings: Sequence[Data],
) -> None:
    """Write the findings of a run as a JSON document.

    Raises:
        OSError: the file can't be written.
    """
    document = {
        "version": 2,
        "tests": tests,
        "detectors": detectors,
        "blind_spots": blind_spots,
        "findings": findings,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def summary(finding: Finding) -> str:
    """Say it in one line."""
    where = f" at {finding.where}" if finding.where else ""
    return f"{finding.rule.id}: {finding.what.splitlines()[0]}{where}"


def short(finding: Finding) -> str:
    """Name it in a few words, where it has been told before."""
    return f"{finding.rule.id} at {finding.where}" if finding.where else summary(finding)


class ColouredFindings:
    """What pytest shows of a test that failed by its findings alone, and the line below them."""

    def __init__(self, findings: Sequence[Finding], line: str, original: Any) -> None:
        self._findings = findings
        self._line = line
        self.reprcrash = getattr(original, "reprcrash", None)

    def toterminal(self, writer: Any) -> None:
        write(writer, self._findings, self._line)

    def __str__(self) -> str:
        return as_text(self._findings, self._line)


def _lines(finding: Finding) -> Iterable[tuple[str, str]]:
    yield "title", f"{NAME}: {finding.rule.id}"
    for line in finding.what.splitlines():
        yield "what", f"  {line}"
    if finding.where is not None:
        yield "at", f"  at {finding.where}"
    yield "Why", f"  Why: {finding.rule.why}."
    yield "Fix", f"  Fix: {finding.rule.fix}."


def _pointer(findings: Sequence[Finding]) -> str:
    names = " ".join(dict.fromkeys(finding.rule.id for finding in findings))
    return f"Explain: pytest --gate-explain {names}"
