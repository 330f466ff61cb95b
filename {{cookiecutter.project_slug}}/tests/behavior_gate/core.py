"""What the detectors share: a finding, the phase it belongs to, the gate that records it."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from weakref import WeakSet

from . import rules
from .cases import Case, current_case
from .modes import Modes, Outcome
from .rules import Rule
from .varying import without_numbers
from .where import Location, Sources

When = Literal["setup", "call", "teardown"]

#: A rule, and the line that breaks it; if no line is known, what happened.
Cause = tuple[str, Location | str]

#: What the gate has to break off fails in every mode: it never ended.
_BROKEN_OFF = (rules.HANG, rules.SWALLOWED_CANCELLATION)

#: Seconds that pass also where a test freezes time: freezegun replaces the clocks that a module
#: names, and not what a partial holds.
real_time = functools.partial(time.monotonic)


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: the rule that it breaks, what happened, and at which line of the user."""

    rule: Rule
    what: str
    where: Location | None

    @property
    def detector(self) -> str:
        return self.rule.family

    @property
    def cause(self) -> Cause:
        """What makes it the same in another test."""
        return self.rule.id, self.where or without_numbers(self.what)


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a detector: `gate_NAME` in the configuration file of pytest."""

    name: str
    default: int | float
    help: str

    @property
    def setting(self) -> str:
        return f"gate_{self.name}"


class BrokenOff(Exception):
    """What the gate makes of a cancellation of its own, for pytest to take like any error.

    Whatever is no `Exception` keeps pytest from tearing down the other fixtures of a test, and the
    next one would get them.
    """


@dataclass(slots=True, eq=False)
class Phase:
    """The set-up, call or teardown of one test, and what was found while it ran."""

    nodeid: str
    when: When
    #: The rules and families that the test allows.
    allowed: frozenset[str] = frozenset()
    #: Those of them that it has broken, in this phase or an earlier one.
    used: set[str] = field(default_factory=set)
    loop: asyncio.AbstractEventLoop | None = None
    findings: list[Finding] = field(default_factory=list)
    #: A person has looked at it in a debugger: its times mean nothing.
    debugged: bool = False
    #: It never ended by itself and was cancelled.
    stopped: bool = False
    #: The test itself has failed in it, whatever the gate finds.
    failed: bool = False
    #: A fixture that lives longer than one test is being set up.
    in_wide_fixture: bool = False


@dataclass(slots=True, eq=False)
class Request:
    """One HTTP or WebSocket exchange with the application under test."""

    method: str
    path: str
    endpoint: Callable[..., Any] | None = None
    response_started: bool = False
    status: int | None = None
    passwords: set[str] = field(default_factory=set)
    #: Another finding tells why it fails.
    explained: bool = False
    #: What lets the client in besides: it may go back to the client, and not into a log.
    tokens: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return "the lifespan" if self.method == "LIFESPAN" else f"{self.method} {self.path}"


#: The exchange that the running code serves. Tasks that it starts inherit it.
current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)


@dataclass(slots=True, eq=False)
class Portal:
    """A loop in another thread, on which a client such as Starlette's serves the application."""

    thread: int
    #: What keeps the loop running.
    own_tasks: frozenset[asyncio.Task[Any]]


class Gate(Sources):
    """Records findings under the phase that is running; safe to call from any thread."""

    def __init__(
        self, root: Path, options: dict[str, float] | None = None, modes: Modes | None = None
    ) -> None:
        super().__init__(root)
        self.options = options or {}
        self.modes = modes or Modes()
        #: Whether the baseline has a finding.
        self.is_known: Callable[[Finding], bool] = lambda _: False
        #: Looks at the stack on which a finding is made, if anybody wants to see it.
        self.witness: Callable[[Finding], None] | None = None
        self.phase: Phase | None = None
        #: The test that runs, or the last one that has.
        self.case = Case()
        self.open_requests: list[Request] = []
        #: The thread that runs the tests, the loop that it ran last for them, and the task
        #: of the test or fixture that runs now.
        self.thread = threading.get_ident()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.main_task: asyncio.Future[Any] | None = None
        #: The loops that tests, fixtures and plugins of pytest have started in that thread.
        self.loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        #: The loops in other threads that are watched like that of the tests.
        self.portals: dict[asyncio.AbstractEventLoop, Portal] = {}
        #: The main task of a test that would not end even when it was cancelled.
        self.stranded: asyncio.Future[Any] | None = None
        #: What was found while no test was running, or when its test was over, with the test, and
        #: how much of it before the last phase ended.
        self.strays: list[tuple[Finding, str | None]] = []
        self._older = 0
        #: What can't be watched, each in a sentence, with the rule if it hides one alone.
        self.blind_spots: dict[str, Rule | None] = {}
        self._lock = threading.Lock()

    def report(self, rule: Rule, *, what: str, where: Location | None) -> None:
        """Record a finding, unless the rule may be broken or the finding has been recorded."""
        phase, case = self.phase, current_case.get()
        if self.allows(rule) or (phase is not None and phase.stopped):
            return
        # What follows when the gate has broken off a test is its own doing, however late it comes.
        if case is not None and case.stopped:
            return
        finding = Finding(rule, what, where)
        stray = finding, case.nodeid if case is not None else None
        with self._lock:
            # Another thread may have ended the phase meanwhile.
            if self.phase is None or self._late() is not None:
                if stray in self.strays:
                    return
                self.strays.append(stray)
            elif finding in self.phase.findings:
                return
            else:
                self.phase.findings.append(finding)
        if self.witness is not None:
            self.witness(finding)

    def leave(self) -> None:
        """End the phase that is running."""
        with self._lock:
            self.phase, self._older = None, len(self.strays)

    def adopt(self, phase: Phase) -> None:
        """Give the phase that has begun what was found since the one before, of the same test."""
        with self._lock:
            found, self.strays = self.strays[self._older :], self.strays[: self._older]
            self.strays += [stray for stray in found if stray[1] not in (None, phase.nodeid)]
        found = [stray for stray in found if stray[1] in (None, phase.nodeid)]
        phase.findings += [finding for finding, _ in found if not self.allows(finding.rule)]

    def sender(self, request: Request) -> Case | None:
        """The test that runs when a request comes in to a server in another thread."""
        # A WebSocket may receive something later, of another test.
        is_elsewhere = threading.get_ident() != self.thread and request.method != "WEBSOCKET"
        alone = self.phase is not None and not self.phase.in_wide_fixture
        return self.case if is_elsewhere and alone else None

    def _late(self) -> Case | None:
        """The test that the running code belongs to, if that is over."""
        case = current_case.get()
        return None if case is self.case else case

    def allows(self, rule: Rule) -> bool:
        """Whether a rule is off, or the test that the running code belongs to may break it.

        To ask counts as having broken it.
        """
        names: frozenset[str] = frozenset()
        late = self._late()
        if late is not None:
            names = late.allowed & {rule.id, rule.family}
        # However long a test may take, its app may not take forever to start.
        elif self.phase is not None and not (rule is rules.HANG and self.phase.when == "setup"):
            names = self.phase.allowed & {rule.id, rule.family}
            self.phase.used |= names
        return bool(names) or self.modes.of(rule) == "off"

    def outcome(self, finding: Finding, *, broken_off: bool = False) -> Outcome:
        """What a finding comes to, perhaps of a test that was broken off."""
        if broken_off and finding.rule in _BROKEN_OFF:
            return "failed"
        if self.is_known(finding):
            return "known"
        return "warned" if self.modes.of(finding.rule) == "warn" else "failed"

    def fails(self, finding: Finding) -> bool:
        """Whether a finding fails its test. Only then the gate may interfere with what runs."""
        return self.modes.of(finding.rule) != "off" and self.outcome(finding) == "failed"

    def blind(self, text: str, rule: Rule | None = None) -> None:
        """Note what can't be watched, in a sentence without its full stop; of a rule, once."""
        with self._lock:
            if rule is None or rule not in self.blind_spots.values():
                self.blind_spots.setdefault(text, rule)

    def lacks(self, name: str, loses: str) -> None:
        """Note a name that this version of a library does not have, and what goes with it."""
        self.blind(f"{name} does not exist in this version, so that the gate can't watch {loses}")

    def is_watched(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether a loop runs the tests, or serves the application to them."""
        return loop is not None and (
            loop is self.loop or loop in self.portals or loop in self.loops
        )

    def is_on_watched_loop(self) -> bool:
        """Whether the running code holds up such a loop."""
        return self.is_watched(asyncio._get_running_loop())

    def is_tests_own(self) -> bool:
        """Whether the test or fixture itself runs, and neither a request nor another task."""
        return (
            current_request.get() is None
            and threading.get_ident() == self.thread
            and self.loop is not None
            and asyncio.current_task(self.loop) is self.main_task
        )


class Detector:
    """Watches for one family of defects. A subclass has a name and overrides what it needs."""

    name: ClassVar[str]
    #: Modules without which there is nothing to watch.
    watches: ClassVar[tuple[str, ...]] = ()
    #: Its settings, found in `self.gate.options` under their names.
    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def install(self) -> None:
        """Patch or subscribe, once, at the start of the run."""

    def uninstall(self) -> None:
        """Undo what install did, at the end of the run."""

    def sample(self) -> None:
        """Look at the run from the watchdog's thread, every few milliseconds."""

    def begin(self, phase: Phase) -> None:
        """Prepare for a phase."""

    def end(self, phase: Phase) -> None:
        """Judge a phase that has just run. `phase.loop`, if any, stands still and may be run."""

    def explain_hang(self) -> list[str]:
        """Say in lines what a test that hangs waits for. Runs in the watchdog's thread."""
        return []
