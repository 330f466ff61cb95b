"""What is told of one test: totals of all, and the details of those that are worth a look."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

from .database_times import Served, Traffic
from .loop_times import Hold, Times

Data = dict[str, Any]
Phases = Sequence[tuple[str, float]]

#: So many tests without a finding are told in detail: the slowest ones.
SLOWEST = 40
#: Of the details of one test, so many requests, connections and statements are told at most, and
#: so many stretches of the event loop.
_MOST = 60
_MOST_STRETCHES = 400
#: Of each test, so many holds from so many seconds on.
_HOLDS = 3
_LEAST_HOLD_S = 0.005


class Chosen:
    """The slowest of all that were offered so far."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, Any]] = []
        self._count = 0

    def offer(self, size: float, value: Any) -> bool:
        """Whether it is among them, and so put in the place of another one."""
        self._count += 1
        entry = (size, -self._count, value)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
            return True
        return heapq.heappushpop(self._heap, entry) is not entry

    def all(self) -> list[Any]:
        """Those that are left, the slowest one first."""
        return [value for *_, value in sorted(self._heap, key=lambda entry: entry[:2])[::-1]]


def totals_of(began: float, ended: float, loops: Sequence[Times], traffic: Traffic) -> Data:
    """Sum up a test. All times are whole microseconds, from its beginning on."""
    ran = sum(end - start for times in loops for start, end in times.runs)
    waited = {"database": 0.0, "thread": 0.0, "idle": 0.0}
    for times in loops:
        for start, end, kind in times.waits:
            waited[kind] += end - start
    holds = [hold for times in loops for hold in times.holds if hold.took >= _LEAST_HOLD_S]
    holds.sort(key=lambda hold: hold.took, reverse=True)
    requests: dict[str, Data] = {}
    for served in traffic.requests:
        entry = requests.setdefault(served.label, {"count": 0, "took": 0, "queries": 0, "sql": 0})
        entry["count"] += 1
        entry["took"] += _us(served.ended - served.began)
        entry["queries"] += served.queries.times
        entry["sql"] += _us(served.queries.took)
        entry["most"] = max(entry.get("most", 0), served.queries.times)
        entry["slowest"] = max(entry.get("slowest", 0), _us(served.ended - served.began))
    statements: dict[str, list[int]] = {}
    for (_, text), count in traffic.statements.items():
        summed = statements.setdefault(text, [0, 0])
        summed[0] += count.times
        summed[1] += _us(count.took)
    return {
        "took": _us(ended - began),
        "held": _us(ran - sum(waited.values())),
        **{kind: _us(seconds) for kind, seconds in waited.items()},
        "queries": sum(count for count, _ in statements.values()),
        "sql": sum(took for _, took in statements.values()),
        "connections": len(traffic.connections),
        "out": sum(_us(taken.ended - taken.began) for taken in traffic.connections),
        "holds": [_hold(hold, began) for hold in holds[:_HOLDS]],
        "requests": requests,
        "statements": statements,
    }


def details_of(began: float, phases: Phases, loops: Sequence[Times], traffic: Traffic) -> Data:
    """Tell what happened in a test, and when."""
    served = sorted(traffic.requests, key=lambda one: one.began)[:_MOST]
    numbers: dict[Served | None, int] = {one: number for number, one in enumerate(served)}
    statements = sorted(traffic.statements.items(), key=lambda one: one[1].took, reverse=True)
    connections = sorted(traffic.connections, key=lambda taken: taken.began)[:_MOST]
    return {
        "phases": [[when, _us(end - began)] for when, end in phases],
        "loops": [_stretches(times, began) for times in loops],
        "requests": [
            [
                one.label,
                one.status,
                _us(one.began - began),
                _us(one.ended - one.began),
                one.queries.times,
                _us(one.queries.took),
            ]
            for one in served
        ],
        "statements": [
            [text, numbers.get(one), count.times, _us(count.took)]
            for (one, text), count in statements[:_MOST]
        ],
        "connections": [
            [
                taken.where and str(taken.where),
                numbers.get(taken.served),
                _us(taken.began - began),
                _us(taken.ended - taken.began),
            ]
            for taken in connections
        ],
    }


def key_of(data: Mapping[str, Any]) -> str:
    """What makes a finding the same in its report and in its stack."""
    return f"{data['rule']} {data['path']}:{data['line']}"


def _stretches(times: Times, began: float) -> list[list[Any]]:
    """What a loop did, without gaps while it ran: `held`, or what it waited for."""
    waits = sorted(times.waits)
    runs = sorted(times.runs)
    ran = sum(end - start for start, end in runs)
    # Short waits are left out, until it is few enough to draw.
    least = 0.0
    while len(waits) + len(runs) > _MOST_STRETCHES // 2 and least < ran:
        least = max(2 * least, ran / 4000)
        waits = [wait for wait in waits if wait[1] - wait[0] >= least]
        runs = _joined(runs, least)
    found: list[list[Any]] = []
    number = 0
    for start, end in runs:
        at = start
        while number < len(waits) and waits[number][0] < end:
            since, until, kind = waits[number]
            number += 1
            if since > at:
                found.append(["held", _us(at - began), _us(since - at)])
            found.append([kind, _us(since - began), _us(until - since)])
            at = until
        if end > at:
            found.append(["held", _us(at - began), _us(end - at)])
    return found


def _joined(runs: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    joined = runs[:1]
    for start, end in runs[1:]:
        if start - joined[-1][1] < gap:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def _hold(hold: Hold, began: float) -> list[Any]:
    return [_us(hold.began - began), _us(hold.took), [list(frame) for frame in hold.stack]]


def _us(seconds: float) -> int:
    """Whole microseconds. What began before the test did is cut off."""
    return max(0, round(seconds * 1e6))
