"""The schedules of calls, and their names.

A schedule says which call has the turn, one after the other. `A3|B*|A` is: A goes on until it
stands before its third statement, B goes on until it is done, A goes on. `A*|B` is no more than the
two calls, one after the other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TURN = re.compile(r"([A-Z])(\*|[1-9]\d*)")


class ScheduleError(ValueError):
    """The name is not that of a schedule of these calls. The message says why."""


@dataclass(frozen=True)
class Turn:
    """A call goes on until it stands before one of its statements, or until it is done."""

    letter: str
    stop: int | None = None

    def __str__(self) -> str:
        return f"{self.letter}{self.stop or '*'}"


@dataclass(frozen=True)
class Schedule:
    """Which call has the turn, one after the other. Each is done at the end."""

    turns: tuple[Turn, ...]

    def __str__(self) -> str:
        # The last one has to be done anyway.
        return "|".join(map(str, self.turns)).removesuffix("*")

    @property
    def preemptions(self) -> int:
        return sum(turn.stop is not None for turn in self.turns)


def parse(name: str, calls: int) -> Schedule:
    """Read the name of a schedule.

    Raises:
        ScheduleError: It is not that of a schedule of so many calls.
    """
    letters = LETTERS[:calls]
    turns = []
    parts = name.split("|")
    for part in [*parts[:-1], f"{parts[-1]}*"]:
        match = TURN.fullmatch(part)
        if match is None or match[1] not in letters:
            raise ScheduleError(
                f"{name!r} is not a schedule of the calls {', '.join(letters)}."
                " One is named as A3|B*|A."
            )
        turns.append(Turn(match[1], None if match[2] == "*" else int(match[2])))
    stops: dict[str, int] = {}
    for turn in turns:
        before = stops.get(turn.letter, 0)
        stops[turn.letter] = turn.stop or sys.maxsize
        if stops[turn.letter] <= before:
            raise ScheduleError(f"In {name!r}, {turn.letter} is past {turn} already.")
    ends = [turn.letter for turn in turns if turn.stop is None]
    if sorted(ends) != sorted(letters):
        raise ScheduleError(f"In {name!r}, each of {', '.join(letters)} has to be done once.")
    return Schedule(tuple(turns))


def serial(letters: Sequence[str]) -> Schedule:
    return Schedule(tuple(map(Turn, letters)))


def orders(letters: str) -> list[Schedule]:
    """The calls one after the other, in each order."""
    return [serial(order) for order in permutations(letters)]


def with_one_more(
    schedule: Schedule,
    begun: Sequence[Mapping[str, int]],
    stops: Container[tuple[str, int]] | None = None,
) -> Iterator[Schedule]:
    """The schedules with one preemption more, which comes after those that are there.

    Args:
        schedule: It has been run.
        begun: How many statements of each call had begun at the end of each turn.
        stops: The statements of calls that are worth standing before, or None for all.
    """
    turns = schedule.turns
    last = max((n for n, turn in enumerate(turns) if turn.stop is not None), default=-1)
    for n in range(last + 1, len(turns)):
        letter = turns[n].letter
        # One that it stood before has begun.
        first = begun[n - 1].get(letter, 0) + 1 if n else 1
        if schedule.preemptions:
            # To stand before the first statement is to begin later.
            first = max(first, 2)
        rest = sorted({turn.letter for turn in turns[n:]})
        for stop in range(first, begun[n].get(letter, 0) + 1):
            if stops is not None and (letter, stop) not in stops:
                continue
            for order in permutations(rest):
                if order[0] != letter:
                    yield Schedule((*turns[:n], Turn(letter, stop), *map(Turn, order)))
