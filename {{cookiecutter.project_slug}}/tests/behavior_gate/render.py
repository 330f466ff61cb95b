"""How findings are shown: as text, in colour, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from . import rules
from .core import Finding, When
from .modes import Outcome
from .prose import printable, terminal_width, wrapped
from .where import Location

Data = dict[str, Any]
#: The lines that tell who else has met a finding.
Others = Callable[[Finding], Sequence[str]]

NAME = "behavior gate"

#: Before the lines that a long one goes on with. A place and the name of a test are not broken.
_INDENTS = {"what": "    ", "Why": "       ", "Fix": "       "}
_COLOURS: dict[str, dict[str, bool]] = {
    "title": {"red": True, "bold": True},
    "what": {"bold": True},
    "at": {"cyan": True},
    "Fix": {"green": True},
}


def to_data(finding: Finding, outcome: Outcome, test: str | None, when: When | None) -> Data:
    """Flatten a finding to what JSON can hold."""
    rule, where = finding.rule, finding.where
    return {
        "test": test,
        "phase": when,
        "outcome": outcome,
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


def as_text(findings: Sequence[Finding], more: str = "", others: Others = lambda _: ()) -> str:
    """Render findings as lines of plain text, and more below them."""
    texts = ["\n".join(line for _, line in _lines(finding, others)) for finding in findings]
    return "\n\n".join([*texts, more, _pointer(findings)] if more else [*texts, _pointer(findings)])


def write(
    writer: pytest.TerminalReporter | Any,
    findings: Sequence[Finding],
    more: str = "",
    others: Others = lambda _: (),
) -> None:
    """Write findings to a terminal, in its width and colours, and more below them."""
    width = terminal_width()
    for finding in findings:
        for part, text in _lines(finding, others):
            lines = wrapped(text, width, _INDENTS[part]) if part in _INDENTS else [text]
            for line in lines:
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
    causes: Sequence[Data],
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
        "causes": causes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def one_line(finding: Finding) -> str:
    """Say what happened in one line, as a sentence."""
    what = " ".join(printable(finding.what).split())
    return what if what.endswith((".", "!", "?")) else f"{what}."


def summary(finding: Finding) -> str:
    """Say it in one line."""
    where = f" at {finding.where}" if finding.where else ""
    return f"{finding.rule.id}: {printable(finding.what).splitlines()[0]}{where}"


def short(finding: Finding) -> str:
    """Name it in a few words, where it has been told before."""
    return f"{finding.rule.id} at {finding.where}" if finding.where else summary(finding)


def brief(finding: Finding) -> str:
    """Name it in the fewest words, beside the name of its test."""
    where = finding.where
    return f"{finding.rule.id} at {where.path}:{where.line}" if where else summary(finding)


class Crash:
    """What pytest shows of a failure in its summary: one line."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __str__(self) -> str:
        return self.message


class Shown:
    """What pytest shows of a failure: a text with a line for its summary, in colour if need be."""

    def __init__(self, text: str, message: str, write: Callable[[Any], None] | None = None) -> None:
        self._text = text
        self._write = write
        self.reprcrash = Crash(message)

    def toterminal(self, writer: Any) -> None:
        if self._write is None:
            writer.line(self._text)
        else:
            self._write(writer)

    def __str__(self) -> str:
        return self._text


def _lines(finding: Finding, others: Others) -> Iterable[tuple[str, str]]:
    yield "title", f"{NAME}: {finding.rule.id}"
    for line in printable(finding.what).splitlines():
        yield "what", f"  {line}"
    if finding.where is not None:
        yield "at", f"  at {finding.where}"
    yield "Why", f"  Why: {finding.rule.why}."
    yield "Fix", f"  Fix: {finding.rule.fix}."
    for line in others(finding):
        yield "Others", f"  {line}"


def _pointer(findings: Sequence[Finding]) -> str:
    names = " ".join(dict.fromkeys(finding.rule.id for finding in findings))
    return f"Explain: pytest --gate-explain {names}"
