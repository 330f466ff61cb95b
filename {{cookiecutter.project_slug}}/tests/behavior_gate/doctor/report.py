"""How the doctor shows what it has found: as a text, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..prose import page_width, wrapped
from ..rules import RULES
from .diagnosis import Diagnosis
from .probes import Way
from .problems import Problem

#: As many ways of running stand beside each other.
_COLUMNS = 3


def as_text(diagnosis: Diagnosis) -> str:
    """Say it in plain English."""
    lines: list[str] = []
    for title, body in _sections(diagnosis):
        lines += [title, *(f"  {line}".rstrip() for line in body), ""]
    count = diagnosis.count
    lines.append(f"{count} problem{'s' * (count != 1)} found" if count else "Nothing found.")
    return "\n".join(lines) + "\n"


def as_json(diagnosis: Diagnosis) -> str:
    """Say the same in one document."""
    document = {
        "version": 1,
        "count": diagnosis.count,
        "versions": [
            {"name": one.name, "found": one.found, "needed": one.needed or None}
            for one in diagnosis.versions
        ],
        "settings": [
            {"name": one.name, "value": one.value, "where": one.where and str(one.where)}
            for one in diagnosis.settings
        ],
        "ways": [_way(way) for way in diagnosis.ways],
        "narrow_filters": [
            {"filter": one.text, "where": one.where and str(one.where)}
            for one in diagnosis.narrow_filters
        ],
        "blind_spots": [_problem(one) for one in diagnosis.blind_spots],
        "problems": [_problem(one) for one in diagnosis.problems],
    }
    # In ASCII, since standard output may have no more.
    return json.dumps(document, indent=2) + "\n"


def _problem(problem: Problem) -> dict[str, Any]:
    where = problem.where
    return {
        "check": problem.check,
        "what": problem.what,
        "path": where and where.path,
        "line": where and where.line,
        "fix": problem.fix,
    }


def _way(way: Way) -> dict[str, Any]:
    return {
        "name": way.name,
        "tests": len(way.items),
        "loop": way.seen.loop or None,
        "is_watched": way.seen.is_watched,
        "problem": way.problem or None,
        "verdicts": way.verdicts,
    }


def _sections(diagnosis: Diagnosis) -> Iterator[tuple[str, list[str]]]:
    width = max(len(one.name) for one in diagnosis.versions)
    yield (
        "Versions",
        [
            f"{one.name:<{width}}  {one.found:<11} "
            + (f"too old: {one.needed} is needed" if one.needed else "ok")
            for one in diagnosis.versions
        ],
    )
    width = max((len(one.name) for one in diagnosis.settings), default=0)
    yield (
        "Settings",
        [
            f"{one.name:<{width}}  {one.value:<11} {one.where or 'by default'}"
            for one in diagnosis.settings
        ],
    )
    yield "Who runs the tests", list(_runners(diagnosis.ways))
    yield "Planted defects, by the way of running", list(_verdicts(diagnosis.ways))
    if diagnosis.narrow_filters:
        filters = (
            f"{one.text} ({one.where or 'command line'})" for one in diagnosis.narrow_filters
        )
        yield (
            "Single warnings that are ignored",
            [line for text in filters for line in _wrapped(text, "    ")],
        )
    yield "Blind spots", list(_problems(diagnosis.blind_spots))
    yield "Known mistakes", list(_problems(diagnosis.problems))


def _runners(ways: Sequence[Way]) -> Iterator[str]:
    if not ways:
        yield "no test runs an event loop"
    for number, way in enumerate(ways, 1):
        count = len(way.items)
        yield f"[{number}] {way.name}: {count} test{'s' * (count != 1)}"
        if way.seen.ran:
            state = "watched" if way.seen.is_watched else "NOT WATCHED"
            debug = ", in debug mode" if way.seen.is_debugged else ""
            yield f"    {way.seen.loop}"
            yield f"    {state}{debug}"


def _verdicts(ways: Sequence[Way]) -> Iterator[str]:
    tried = [(f"[{number}]", way.verdicts) for number, way in enumerate(ways, 1) if way.verdicts]
    if not tried:
        yield "none could be planted"
    for start in range(0, len(tried), _COLUMNS):
        part = tried[start : start + _COLUMNS]
        if start:
            yield ""
        yield f"{'':<30}" + "".join(f"{name:<15}" for name, _ in part)
        for rule in RULES:
            yield f"{rule.id:<30}" + "".join(f"{verdicts[rule.id]:<15}" for _, verdicts in part)


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    if not problems:
        yield "none"
    for problem in problems:
        where = f"{problem.where}: " if problem.where else ""
        yield from _wrapped(f"{where}{problem.what} [{problem.check}]", "  ")
        yield from _wrapped(f"  Fix: {problem.fix}.", "       ")


def _wrapped(text: str, indent: str) -> list[str]:
    return wrapped(text, page_width() - 2, indent)
