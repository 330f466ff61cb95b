"""Judges what a schedule has come to, by what the calls come to one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import combinations

from .explored import ExplorationError
from .rows import Comparison, Rows
from .schedules import Schedule, orders
from .turns import Run

RunOnce = Callable[[Schedule], Awaitable[tuple[Run, Rows]]]


class Oracle:
    """Knows what serial runs come to.

    A schedule is accepted if its outcomes and its final rows are those of the calls one after the
    other, in some order: if it is serializable, by its result (Papadimitriou, "The serializability
    of concurrent database updates", 1979; Adya, "Weak consistency", 1999, for what may go wrong).
    That is not linearizability: a call may count as the second although it ended first.

    A call that is refused (409, 412, 503 with Retry-After, or SQLSTATE 40001, 40P01 or 55P03)
    may also count as one that did nothing: the others have to come to what they come to without it.
    """

    def __init__(self, letters: str, run_once: RunOnce, comparison: Comparison) -> None:
        self._letters = letters
        self._run_once = run_once
        self.comparison = comparison
        #: Each serial order of all calls.
        self.serial: list[tuple[Run, Rows]] = []
        self._of_some: dict[str, list[tuple[Run, Rows]]] = {}

    async def prepare(self) -> None:
        """Run each order twice.

        Raises:
            ExplorationError: The same rows do not lead to the same outcomes.
        """
        for schedule in orders(self._letters):
            run, rows = await self._run_once(schedule)
            if run.hangs:
                return
            other, again = await self._run_once(schedule)
            if other.outcomes != run.outcomes:
                first, second = (", ".join(map(str, one.outcomes)) for one in (run, other))
                raise ExplorationError(
                    f"{schedule} ends with {first}, and on the same rows with {second}: it depends"
                    " on more than the database."
                )
            self.comparison.leave_out_what_differs(rows, again)
            self.serial.append((run, rows))

    async def accepts(self, run: Run, rows: Rows) -> bool:
        """Whether some order of the calls explains what a schedule has come to."""
        state = self.comparison.state_of(rows)
        by_letter = dict(zip(self._letters, run.endings, strict=True))
        refused = [letter for letter, ending in by_letter.items() if ending.is_refusal]
        for count in range(len(refused) + 1):
            for gone in combinations(refused, count):
                left = "".join(letter for letter in self._letters if letter not in gone)
                outcomes = tuple(by_letter[letter].outcome for letter in left)
                for serial, final in await self._runs_of(left):
                    if serial.outcomes == outcomes and self.comparison.state_of(final) == state:
                        return True
        return False

    async def _runs_of(self, letters: str) -> list[tuple[Run, Rows]]:
        if letters == self._letters:
            return self.serial
        if letters not in self._of_some:
            self._of_some[letters] = [await self._run_once(one) for one in orders(letters)]
        return self._of_some[letters]
