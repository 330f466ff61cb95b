"""Judges what an interrupted call has come to, by what it comes to uninterrupted."""

from __future__ import annotations

from .attempts import Attempt, Interruption
from .interleavings import Place
from .lines import Lines
from .rows import Comparison, Rows, Schema, rows_of, schema_of
from .suspensions import Call


class Expected:
    """What a call comes to: never made, made once, and made twice.

    An interrupted call has to be atomic (Gray, "The transaction concept", 1981): its rows are those
    from before, or those of the call made once. After a lost connection, its outcome has to be true
    as well: no success if nothing was done, and no refusal if it was done. An error may come with
    both, since nobody can know whether a COMMIT has arrived whose answer is lost. What a cancelled
    call ends with, nobody sees.

    The same call made once more has to come to what it comes to uninterrupted: the first time if
    the interrupted one has done nothing, else the second time.
    """

    def __init__(self, here: Place, lines: Lines, call: Call) -> None:
        self._here = here
        self._lines = lines
        self._call = call
        self._usual_tasks: set[str] = set()

    async def prepare(self) -> None:
        """Make the call twice, two times.

        Raises:
            AssertionError: It hangs, or ends in another way the second time.
            Exception: It fails without an interruption.
        """
        self._schema: Schema = await schema_of(self._here.snapshot)
        self.never = await self._rows()
        self.comparison = Comparison(self._schema, self.never)
        first, once, twice = await self._make_twice()
        # By now, what is only done once in a process has been done.
        self.first, self.once, self.twice = await self._make_twice()
        ends = [one.ending.outcome for one in (*first, *self.first)]
        if ends[:2] != ends[2:]:
            raise AssertionError(
                f"Made twice, the call ends with {ends[0]} and {ends[1]}. On the same rows it then"
                f" ends with {ends[2]} and {ends[3]}: it depends on more than the database."
            )
        self.comparison.leave_out_what_differs(once, self.once)
        self.comparison.leave_out_what_differs(twice, self.twice)
        self._usual_tasks = {name for one in self.first for name, _ in one.left}

    async def _make_twice(self) -> tuple[tuple[Attempt, Attempt], Rows, Rows]:
        first = await self.make()
        if first.hangs:
            raise AssertionError(f"The call does not end. It waits at {first.places[-1]}.")
        if first.ending.error is not None:
            raise first.ending.error
        once = await self._rows()
        second = await self._make_again()
        return (first, second), once, await self._rows()

    async def make(self, interruption: Interruption | None = None) -> Attempt:
        """Make the call on the database as the test has filled it."""
        await self._here.begin()
        attempt = Attempt(self._here.snapshot, self._lines, interruption)
        await attempt.run(self._call)
        return attempt

    async def judge(self, attempt: Attempt) -> tuple[list[str], Rows]:
        """Return what is wrong after an interruption, and the rows that there are then."""
        rows = await self._rows()
        return [*self._of_itself(attempt), *self._of_rows(attempt, rows)], rows

    async def judge_next(self, rows: Rows) -> list[str]:
        """Make the call once more, and return what is wrong then.

        Args:
            rows: Those that the interrupted call has left.
        """
        again = await self._make_again()
        after = await self._rows()
        possible = [
            (uninterrupted.ending.outcome, final)
            for uninterrupted, before, final in zip(
                self.first, (self.never, self.once), (self.once, self.twice), strict=True
            )
            if self.are_equal(rows, before)
        ]
        outcome = again.ending.outcome
        problems = self._of_itself(again)
        if again.hangs:
            pass
        elif outcome not in [one for one, _ in possible]:
            expected = " or ".join(dict.fromkeys(str(one) for one, _ in possible))
            problems.append(f"it ended with {outcome} instead of {expected}")
        elif not any(outcome == one and self.are_equal(after, final) for one, final in possible):
            problems.append("its rows are not those of a call that nobody has interrupted")
        return [f"the same call made once more: {problem}" for problem in problems]

    async def _make_again(self) -> Attempt:
        attempt = Attempt(self._here.snapshot, self._lines)
        await attempt.run(self._call)
        return attempt

    async def _rows(self) -> Rows:
        return await rows_of(self._here.snapshot, self._schema)

    def are_equal(self, rows: Rows, others: Rows) -> bool:
        return self.comparison.state_of(rows) == self.comparison.state_of(others)

    def _of_itself(self, attempt: Attempt) -> list[str]:
        outcome = attempt.ending.outcome
        if attempt.hangs:
            return [f"it hangs: it still waits at {attempt.places[-1]}"]
        problems = []
        if attempt.swallowed:
            problems.append(f"it swallowed its cancellation, went on, and ended with {outcome}")
        problems += [
            f"its task {name}() is still running, at {where}"
            for name, where in attempt.left
            if name not in self._usual_tasks
        ]
        problems += [
            f"the connection is missing from the pool that was taken at {where}"
            for where in attempt.missing
        ]
        return problems

    def _of_rows(self, attempt: Attempt, rows: Rows) -> list[str]:
        is_never, is_once = self.are_equal(rows, self.never), self.are_equal(rows, self.once)
        if not (is_never or is_once):
            return ["half of it is done: the rows are neither those from before nor those after it"]
        outcome = attempt.ending.outcome
        if attempt.interruption is None or attempt.interruption.kind == "cancel":
            return []
        # The comparison also tells the behavior gate that a server error is expected here.
        is_error = not isinstance(outcome, int) or outcome >= 500
        if is_error or (is_once and outcome == self.first[0].ending.outcome):
            return []
        if is_never and isinstance(outcome, int) and outcome >= 400:
            return []
        return [f"it ended with {outcome}, but {'nothing' if is_never else 'it'} is done"]
