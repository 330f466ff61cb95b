"""What many tests have in common: the findings of a run, by rule and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import render as output
from .core import Cause, Finding
from .modes import Outcome

_OUTCOMES: tuple[Outcome, ...] = ("known", "warned", "failed")


@dataclass(slots=True)
class Place:
    """A cause, and the tests that have met it."""

    #: The first of its findings.
    finding: Finding
    findings: int = 0
    #: What they have come to: the worst of it.
    outcome: Outcome = "known"
    #: In the order in which they ran, each once. None stands for what no test has met.
    tests: dict[str | None, None] = field(default_factory=dict)


def places_of(found: Iterable[output.Data]) -> list[Place]:
    """Sum up findings by their causes, sorted by rule and line."""
    places: dict[Cause, Place] = {}
    for data in found:
        finding = output.from_data(data)
        place = places.setdefault(finding.cause, Place(finding))
        place.findings += 1
        place.outcome = max(place.outcome, data["outcome"], key=_OUTCOMES.index)
        place.tests[data["test"]] = None
    return sorted(places.values(), key=_order)


def to_data(place: Place) -> output.Data:
    """Flatten it to what JSON can hold."""
    whole = output.to_data(place.finding, "failed", None, None)
    kept = {name: whole[name] for name in ("rule", "what", "path", "line", "function")}
    return kept | {"findings": place.findings, "tests": sorted(filter(None, place.tests))}


def _order(place: Place) -> tuple[str, str, int, str]:
    finding, where = place.finding, place.finding.where
    path, line = (where.path, where.line) if where else ("", 0)
    return finding.rule.id, path, line, finding.what
