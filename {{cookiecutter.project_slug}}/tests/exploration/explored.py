"""What an exploration comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from .outcomes import Outcome
from .rows import Rows
from .turns import Run


@dataclass
class Finding:
    """A schedule that is not what it should be."""

    run: Run
    rows: Rows
    what: str


@dataclass
class Explored:
    """What all schedules of some calls have come to."""

    serial: list[Run] = field(default_factory=list)
    """The calls one after the other, in each order."""
    schedules: list[Run] = field(default_factory=list)
    """The schedules that have run, besides the serial ones: name, outcomes and statements."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def outcomes(self) -> set[tuple[Outcome, ...]]:
        """What the calls ended with, in the order of the arguments."""
        return {run.outcomes for run in (*self.serial, *self.schedules)}
