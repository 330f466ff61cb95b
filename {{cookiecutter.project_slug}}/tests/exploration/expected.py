"""Judges what an interrupted call has come to, by what it comes to uninterrupted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from .attempts import Attempt, Interruption
from .checkouts import warm_up
from .interleavings import Settings
from .places import Place
from .rows import Comparison, Rows, Schema, rows_of, schema_of
from .suspensions import Call

HALF = "half of it is done: the rows are neither those from before nor those of the whole call"
TWICE = "it is done twice"


@dataclass
class Final:
    """The rows after a run, and what of them is compared."""

    rows: Rows
    state: Counter[tuple[str, Any]]


class Expected:
    """What a call comes to: never made, made once, and made twice.

    An interrupted call has to be atomic (Gray, "The transaction concept", 1981): its rows are those
    from before, or those of the call made once. After a lost connection, its outcome has to be true
    as well: no success if nothing was done, and no refusal if it was done. An error may come with
    both, since nobody can know whether a COMMIT has arrived whose answer is lost. What a cancelled
    call ends with, nobody sees.

    The same call made once more has to come to what it comes to uninterrupted: the first time if
    the interrupted one has done nothing, else the second time. No connection of a pool is missing,
    and no task goes on that usually ends.

    Not judged is what a call does elsewhere, such as sending an email, what it keeps in memory, and
    what a response says besides its status, unless the next call shows it. A statement that goes
    past SQLAlchemy is only seen on asyncpg: on another driver the call is cancelled while it waits
    for it, but its connection is not ended before it.
    """

    def __init__(self, here: Place, call: Call, settings: Settings) -> None:
        self._here = here
        self._call = call
        self._settings = settings
        self._usual_tasks: set[str] = set()
        #: Those of the app, whose pools have connections when a request comes.
        self._engines: set[Engine] = set()
        #: The tasks and connections that are known to be left, so that nobody waits for them again.
        self._lasting: set[str] = set()

    async def prepare(self) -> None:
        """Make the call twice, two times.

        Raises:
            AssertionError: It hangs, or ends in another way the second time.
            Exception: It fails without an interruption.
        """
        self._schema: Schema = await schema_of(self._here.snapshot)
        never = await self._rows()
        self.comparison = Comparison(self._schema, never)
        first, once, twice = await self._make_twice()
        self._engines = first[0].engines & first[1].engines
        # By now, what is only done once in a process has been done.
        self.first, once_again, twice_again = await self._make_twice()
        ends = [_said(one) for one in (*first, *self.first)]
        if ends[:2] != ends[2:]:
            raise AssertionError(
                f"Made twice, the call ends with {ends[0]} and {ends[1]}. On the same rows it then"
                f" ends with {ends[2]} and {ends[3]}: it depends on more than the database."
            )
        self.comparison.leave_out_what_differs(once, once_again)
        self.comparison.leave_out_what_differs(twice, twice_again)
        if self._schema.has_sequences:
            await self._leave_out_numbers(once, twice, ends[:2])
        self.never, self.once, self.twice = map(self._final, (never, once_again, twice_again))
        self._usual_tasks = {name for one in self.first for name, _ in one.left}

    async def is_out_of_date(self) -> bool:
        """Make the call twice once more, and tell whether times have changed that were the same.

        Those in whole seconds often are when the call is made for the first times.
        """
        first = await self.make()
        once = await self._rows()
        second = await self._make()
        twice = await self._rows()
        if [_said(first), _said(second)] != [_said(one) for one in self.first]:
            return False
        pairs = (self.once.rows, once), (self.twice.rows, twice)
        changed = [pair for pair in pairs if not self.comparison.is_alike(*pair)]
        if not changed or not all(self.comparison.leave_out_times(*pair) for pair in changed):
            return False
        self.never, self.once, self.twice = map(self._final, (self.never.rows, once, twice))
        return True

    async def _leave_out_numbers(self, once: Rows, twice: Rows, ends: list[str]) -> None:
        first = await self.make(ahead=True)
        once_ahead = await self._rows()
        second = await self._make()
        # A call that knows which number comes next is another one now.
        if [_said(first), _said(second)] == ends:
            self.comparison.leave_out_numbers(once, once_ahead)
            self.comparison.leave_out_numbers(twice, await self._rows())

    async def _make_twice(self) -> tuple[tuple[Attempt, Attempt], Rows, Rows]:
        first = _ended(await self.make())
        if first.ending.error is not None:
            raise first.ending.error
        once = await self._rows()
        second = _ended(await self._make())
        return (first, second), once, await self._rows()

    async def make(
        self, interruption: Interruption | None = None, *, ahead: bool = False
    ) -> Attempt:
        """Make the call on the database as the test has filled it, or with its sequences ahead."""
        await self._here.begin(ahead=ahead)
        for engine in self._engines:
            await warm_up(engine)
        return await self._make(interruption)

    async def judge(self, attempt: Attempt) -> tuple[list[str], Final]:
        """Return what is wrong after an interruption, and the rows that there are then."""
        final = self._final(await self._rows())
        return [*self._of_itself(attempt), *self._of_rows(attempt, final)], final

    async def make_next(self, left: Final) -> tuple[list[str], Attempt]:
        """Make the call once more, and return what is wrong then.

        Args:
            left: What the interrupted call has left.
        """
        again = await self._make()
        after = self._final(await self._rows())
        possible = []
        if left.state == self.never.state:
            possible.append((_said(self.first[0]), self.once.state))
        if left.state == self.once.state:
            possible.append((_said(self.first[1]), self.twice.state))
        outcome = _said(again)
        problems = self._of_itself(again)
        if again.hangs:
            pass
        elif outcome not in [one for one, _ in possible]:
            expected = " or ".join(dict.fromkeys(one for one, _ in possible))
            problems.append(f"it ended with {outcome} instead of {expected}")
        elif (outcome, after.state) not in possible:
            problems.append("its rows are not those of a call that nobody has interrupted")
        return [f"the same call made once more: {problem}" for problem in problems], again

    async def _make(self, interruption: Interruption | None = None) -> Attempt:
        attempt = Attempt(self._here.snapshot, self._settings.lines, interruption, self._lasting)
        await attempt.run(self._call)
        self._settings.told(attempt.name)
        self._lasting |= {*attempt.missing, *(name for name, _ in attempt.left)}
        return attempt

    async def _rows(self) -> Rows:
        return await rows_of(self._here.snapshot, self._schema)

    def _final(self, rows: Rows) -> Final:
        return Final(rows, self.comparison.state_of(rows))

    def _of_itself(self, attempt: Attempt) -> list[str]:
        if attempt.hangs:
            return [f"it hangs, and waits at {attempt.places[-1]}"]
        problems = []
        if attempt.swallowed:
            problems.append(
                f"it swallowed its cancellation, went on, and ended with {_said(attempt)}"
            )
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

    def _of_rows(self, attempt: Attempt, final: Final) -> list[str]:
        is_never, is_once = (final.state == one.state for one in (self.never, self.once))
        # Told by its status, which tells the behavior gate that it is expected.
        is_error = attempt.ending.error is not None or _is_at_least(500, attempt)
        if not (is_never or is_once):
            return [TWICE if final.state == self.twice.state else HALF]
        is_cancelled = attempt.interruption is None or attempt.interruption.kind == "cancel"
        is_usual = is_once and _said(attempt) == _said(self.first[0])
        is_refused = is_never and _is_at_least(400, attempt)
        if attempt.hangs or is_cancelled or is_error or is_usual or is_refused:
            return []
        return [f"it ended with {_said(attempt)}, but {'nothing' if is_never else 'it'} is done"]


def _ended(attempt: Attempt) -> Attempt:
    if attempt.hangs:
        raise AssertionError(f"The call does not end. It waits at {attempt.places[-1]}.")
    return attempt


def _is_at_least(status: int, attempt: Attempt) -> bool:
    outcome = attempt.ending.outcome
    return isinstance(outcome, int) and outcome >= status


def _said(attempt: Attempt) -> str:
    # Not by the number, which would tell the behavior gate that it is expected.
    return str(attempt.ending.outcome)
