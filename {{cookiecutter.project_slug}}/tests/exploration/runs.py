"""What has come of a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field

from .outcomes import Ending, Outcome
from .schedules import Schedule, Turn
from .statements import Statement


@dataclass
class Wait:
    """A call that had the turn, and waited for others."""

    letter: str
    statement: Statement | None
    """The statement that waits for a lock, or None where it is in none."""
    others: str
    """The letters of the calls that hold the lock."""
    for_ever: bool = False
    """Whether they do not give it up: one of them is the call itself, or is done."""


@dataclass
class Run:
    """What has come of a schedule."""

    schedule: Schedule
    endings: tuple[Ending, ...] = ()
    statements: list[Statement] = field(default_factory=list)
    """In the order in which they ran."""
    begun: list[dict[str, int]] = field(default_factory=list)
    """How many statements of each call had begun at the end of each turn."""
    waits: list[Wait] = field(default_factory=list)
    missed: Turn | None = None
    """The turn that has not come to its stop, as the call was done before."""
    deadlock: bool = False
    hangs: dict[str, str] = field(default_factory=dict)
    """The calls that were given up, and the line of the application at which each waited."""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return str(self.schedule)

    @property
    def letters(self) -> list[str]:
        """The calls, in the order of their endings."""
        return sorted(turn.letter for turn in self.schedule.turns if turn.stop is None)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(ending.outcome for ending in self.endings)
