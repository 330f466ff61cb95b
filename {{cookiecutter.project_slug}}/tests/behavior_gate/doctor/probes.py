"""Plants the defects of the self-test as tests of the suite, which its own plugins run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Literal

import pytest

from .. import allowances, rules
from ..core import Gate
from ..hangs import TIMEOUT
from ..planted import PLANTS
from ..rules import RULES, Rule
from .bodies import body_of
from .seen import Seen, look_around
from .sources import Source
from .ways import Group, groups_of, ini, is_unittest, loop_scope

Verdict = Literal["caught", "MISSED", "not installed", "off", "not tried"]
Run = Callable[[pytest.Item, pytest.Item | None], None]

#: As many tests of a way serve as models in turn: one may be skipped, or lack a database.
_MODELS = 3
#: As many ways of one suite are told apart.
_MOST_GROUPS = 24
#: Marks of a test that choose its loop.
_LOOP_MARKS = ("asyncio", "anyio", "trio")
#: Where the gate can't watch the loop, nobody would end these.
_ENDLESS = (rules.HANG, rules.SWALLOWED_CANCELLATION)
#: Seconds until a planted test is stopped: one that hangs, and at least for the others, where the
#: gate itself waits for a task that swallows its cancellation.
_HANG_S, _LIMIT_S = 1.0, 10.0


@dataclass(slots=True)
class Probe:
    """A planted test: with a defect, or without any."""

    item: pytest.Function
    seen: Seen
    #: What the defect breaks.
    rule: Rule | None = None
    #: The rules that it was reported for.
    found: set[str] = field(default_factory=set)
    #: Why it did not come to its body.
    problem: str = ""


@dataclass(slots=True)
class Way:
    """One way in which tests of the suite are run, and what became of the plants in it."""

    name: str
    kind: str
    items: list[pytest.Function]
    seen: Seen
    #: Why nothing could be planted.
    problem: str = ""
    #: By the names of the rules.
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def missed(self) -> list[str]:
        return [rule for rule, verdict in self.verdicts.items() if verdict == "MISSED"]


class Probes:
    """The planted tests of a run."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._limit = gate.options[TIMEOUT.name]
        self._running: dict[str, Probe] = {}
        self._added: list[tuple[Any, str]] = []

    def run(self, items: Sequence[pytest.Item], sources: Sequence[Source], run: Run) -> list[Way]:
        """See how the suite runs its tests, and plant the defects in each way."""
        ways: dict[object, Way] = {}
        for group in groups_of(items, sources)[:_MOST_GROUPS]:
            look = self._look(group, run)
            name = _name(group, look) if look else group.kind
            way = Way(name, group.kind, list(group.items), look.seen if look else Seen())
            known = ways.setdefault((name, way.seen.loop, look is None), way)
            if known is not way:
                known.items += (item for item in way.items if item not in known.items)
            elif look is None:
                way.problem = "no test could be planted"
            elif not look.seen.ran:
                way.problem = look.problem
            else:
                way.verdicts = self._try_all(group, look, run)
        return list(ways.values())

    def note(self, report: pytest.TestReport) -> None:
        """Take what the gate and pytest say of a planted test."""
        probe = self._running.get(report.nodeid)
        if probe is None:
            return
        if report.when != "setup":
            probe.found |= {data["rule"] for data in getattr(report, "behavior_gate", [])}
        if not probe.seen.ran and not probe.problem and not report.passed:
            text = _first_line(report)
            # What pytest says where no plugin takes the test; unittest may say nothing.
            is_expected = report.when == "call" and is_unittest(probe.item)
            if "async def function" not in text and not is_expected:
                probe.problem = f"{report.outcome} in {report.when}: {text}"

    def remove(self) -> None:
        """Take the planted tests out of the modules and classes, and restore the limit."""
        self.gate.options[TIMEOUT.name] = self._limit
        while self._added:
            owner, name = self._added.pop()
            delattr(owner, name)

    def _plant_look(self, group: Group, model: pytest.Function) -> Probe | None:
        seen = Seen()

        async def look() -> None:
            look_around(self.gate, seen)

        item = self._add(
            group, model, "look", body_of(group.kind, look, group.options, str(model.path))
        )
        return None if item is None else Probe(item, seen)

    def _plant(self, group: Group, look: Probe, rule: Rule) -> Probe | None:
        plant, seen = PLANTS[rule], Seen()

        async def commit() -> None:
            seen.ran = True
            try:
                await plant()
            except ModuleNotFoundError:
                seen.is_installed = False
            except Exception:
                # Many defects raise. What counts is whether they were found.
                pass

        name = rule.id.replace(".", "_").replace("-", "_")
        body = body_of(group.kind, commit, group.options, str(look.item.path))
        item = self._add(group, look.item, name, body)
        return None if item is None else Probe(item, seen, rule)

    def _add(
        self,
        group: Group,
        model: pytest.Function,
        name: str,
        body: Callable[..., Any],
    ) -> pytest.Function | None:
        collector: Any = model.parent
        owner = collector.obj
        # The suite may call its tests as it likes.
        first = (model.originalname or model.name).partition("_gate_")[0]
        name = f"{first}_gate_{len(self._added)}_{name}"
        function: Any = body
        function.__name__ = function.__qualname__ = name
        # Also those that a hook of the suite has added.
        marks = {repr(mark): mark for mark in model.own_markers if mark.name in _LOOP_MARKS}
        function.pytestmark = list(marks.values())
        setattr(owner, name, function)
        self._added.append((owner, name))
        if is_unittest(model):
            made: Any = [type(model).from_parent(collector, name=name)]
        else:
            made = collector.ihook.pytest_pycollect_makeitem(
                collector=collector, name=name, obj=getattr(owner, name)
            )
        return _like(model, [one for one in made or [] if isinstance(one, pytest.Function)])

    def _look(self, group: Group, run: Run) -> Probe | None:
        first = None
        for model in _models(group):
            look = self._plant_look(group, model)
            if look is not None:
                self._run([look], run)
                first = first or look
                if look.seen.ran:
                    return look
        return first

    def _try_all(self, group: Group, look: Probe, run: Run) -> dict[str, Verdict]:
        probes: dict[Rule, Probe | None] = {}
        for rule in RULES:
            is_tried = look.seen.loop != "trio" and (look.seen.is_watched or rule not in _ENDLESS)
            if is_tried and rule in PLANTS:
                probes[rule] = self._plant(group, look, rule)
        self._run([probe for probe in probes.values() if probe], run)
        allowed = allowances.allowed(look.item) | _off(look.item.config)
        return {rule.id: _verdict(rule, probes.get(rule), allowed) for rule in RULES}

    def _run(self, probes: Sequence[Probe], run: Run) -> None:
        self._running = {probe.item.nodeid: probe for probe in probes}
        for probe, following in zip_longest(probes, probes[1:]):
            is_hang = probe.rule is rules.HANG
            limit = _HANG_S if is_hang else max(self._limit, _LIMIT_S)
            self.gate.options[TIMEOUT.name] = limit
            if is_hang and probe.item.config.pluginmanager.has_plugin("timeout"):
                # The limit of pytest-timeout wins over that of the gate.
                probe.item.add_marker(pytest.mark.timeout(2 * _HANG_S))
            run(probe.item, following.item if following else None)


def _off(config: pytest.Config) -> frozenset[str]:
    """The rules and families that a setting switches off, each in a line with its reason."""
    lines: list[str] = ini(config, "gate_off") or []
    return frozenset(line.partition(":")[0].strip() for line in lines)


def _verdict(rule: Rule, probe: Probe | None, allowed: frozenset[str]) -> Verdict:
    if probe is None or not probe.seen.ran:
        return "not tried"
    if not probe.seen.is_installed:
        return "not installed"
    if rule.id in probe.found:
        return "caught"
    return "off" if allowed & {rule.id, rule.family} else "MISSED"


def _models(group: Group) -> list[pytest.Function]:
    """Tests of different modules, first those that nothing skips."""
    by_place: dict[object, pytest.Function] = {}
    for item in sorted(group.items, key=_burdens):
        by_place.setdefault(item.parent, item)
    return list(by_place.values())[:_MODELS]


def _burdens(item: pytest.Function) -> int:
    return sum(mark.name in ("skip", "skipif", "gate_allow") for mark in item.iter_markers())


def _like(model: pytest.Function, made: Sequence[Any]) -> pytest.Function | None:
    """Of the parameters of a planted test, those of its model."""

    def backend(item: Any) -> str:
        return repr(getattr(getattr(item, "callspec", None), "params", {}).get("anyio_backend"))

    alike = [one for one in made if backend(one) == backend(model)]
    return next(iter([*alike, *made]), None)


def _first_line(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    text = str(crash.message if crash else longrepr).strip() or "no message"
    return text.splitlines()[0]


def _name(group: Group, look: Probe) -> str:
    seen = look.seen
    if group.kind == "unittest":
        cls: Any = look.item.cls
        base = next(one for one in cls.__mro__ if one.__module__ != cls.__module__)
        return f"{base.__module__.partition('.')[0]}.{base.__name__}"
    if group.kind != "async":
        return {"client": "TestClient", "portal": "TestClient", "loop": "new_event_loop()"}.get(
            group.kind, f"{group.kind}()"
        )
    if seen.runner == "pytest-asyncio":
        return f"pytest-asyncio, a loop per {loop_scope(look.item)}"
    if seen.ran:
        return seen.runner or "a hook of the suite"
    return "async def, not run" if look.problem else "async def, run by nobody"
