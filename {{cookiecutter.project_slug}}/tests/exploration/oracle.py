"""Judges what a schedule has come to, by what the calls come to one after the other."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import combinations
from typing import Protocol

from .explored import ExplorationError
from .rows import Comparison, Rows
from .runs import Run
from .schedules import Schedule, orders


class RunOnce(Protocol):
    """Runs a schedule, perhaps with all sequences far ahead."""

    def __call__(
        self, schedule: Schedule, *, ahead: bool = False
    ) -> Awaitable[tuple[Run, Rows]]: ...


class Oracle:
    """Knows what serial runs come to, and judges a schedule by it.

    A schedule passes if there is a serial order of the calls that comes to the same outcomes and
    the same final rows, from the same rows at the begin: it is final-state serializable
    (Papadimitriou, "The serializability of concurrent database updates", J. ACM 26, 1979). What
    passes for other rows at the begin is not known. The anomalies that it finds, such as lost
    updates and write skew, have their names from Adya, "Weak consistency", MIT, 1999.

    It is not linearizability (Herlihy and Wing, 1990): a call may count as the second one although
    it was done before the other one began.

    Final rows: those of all tables of the project, each as often as it is there, whatever their
    order. Left out are the columns that a sequence or an identity gives values to, and those that
    differ between two runs of the same serial order, such as random keys, times and salted hashes
    (of a document only the part that does), or with the sequences ahead, such as a number that is
    kept elsewhere; but a value that was in the column at the begin is compared as it is. In the
    place of a foreign key whose value is left out stands the row that it names. See `Comparison`.

    A time in whole seconds is often the same in two runs. So before a schedule is told of, the
    serial orders are run once more. If they have other times now, all schedules are run again.

    Of a response only the status is compared.

    A call that is refused may count as one that did nothing: the others then have to come to what
    they come to without it. It says so by a status (409, 412, or 503 with Retry-After), or by the
    SQLSTATE of its error (40001, 40P01 or 55P03).
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
            if self.comparison.schema.has_sequences:
                other, ahead = await self._run_once(schedule, ahead=True)
                # A call that knows which number comes next is another one now.
                if other.outcomes == run.outcomes:
                    self.comparison.leave_out_numbers(rows, ahead)
            self.serial.append((run, rows))

    async def is_out_of_date(self) -> bool:
        """Run each order once more, and tell whether times have changed that were the same."""
        compared, has_changed = self.comparison, False
        for n, (first, rows) in enumerate(self.serial):
            run, again = await self._run_once(first.schedule)
            if run.outcomes != first.outcomes or compared.is_alike(rows, again):
                continue
            if compared.leave_out_times(rows, again):
                self.serial[n] = run, again
                has_changed = True
        self._of_some.clear()
        return has_changed

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
