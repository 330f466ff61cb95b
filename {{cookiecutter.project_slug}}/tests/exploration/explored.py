"""What an exploration comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from .outcomes import Outcome
from .rows import Rows
from .runs import Run


class ExplorationError(Exception):
    """The exploration can't be made as the test asks for it. The message says why."""


@dataclass
class Finding:
    """A schedule that is not what it should be."""

    run: Run
    rows: Rows
    what: str
    """What is wrong, as a predicate: `hangs`."""


@dataclass
class Explored:
    """What all schedules of some calls have come to."""

    serial_rows: list[tuple[Run, Rows]] = field(default_factory=list, repr=False)
    """The calls one after the other, in each order, and the rows that each has left."""
    schedules: list[Run] = field(default_factory=list)
    """The schedules that have run, besides the serial ones: name, outcomes and statements."""
    findings: list[Finding] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    """The names of those that were not run, since others before them have hung."""

    @property
    def serial(self) -> list[Run]:
        """The calls one after the other, in each order."""
        return [run for run, _ in self.serial_rows]

    @property
    def outcomes(self) -> set[tuple[Outcome, ...]]:
        """What the calls ended with, in the order of the arguments."""
        return {run.outcomes for run in (*self.serial, *self.schedules)}
