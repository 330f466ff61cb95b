"""A call that blocks the thread of the event loop."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from types import CodeType, FrameType, MappingProxyType
from typing import Any

from ... import rules
from ...asgi import (
    Observer,
    current_lifespan,
    endpoint_of,
    serving,
    subscribe,
    task_of,
    unsubscribe,
)
from ...awaiting import current_task
from ...callers import (
    Caller,
    find_caller,
    is_import,
    is_of_test,
    is_starting,
    outwards,
    public_name,
)
from ...core import Detector, Finding, Gate, Phase, Request, current_request
from ...errors import BlockingError
from ...excused import excuse, make_told
from ...files import File, LibraryFiles
from ...kept import keeps
from ...loading import forget_loaders, note_loader
from ...on_import import OnImport
from ...where import Location, library_path
from .attributes import Attributes
from .calls import LIBRARIES, STANDARD_LIBRARY, Call
from .locks import WAITING, watch_locks
from .scheduling import scheduled_at, watch_scheduling

#: What may be done while nothing is served, or by a test itself: it holds up nobody.
_AT_START = {rules.BLOCKING_FILE, rules.BLOCKING_HASH}

#: Libraries that talk to another host, whatever they read from disk before they do.
_CLIENTS = ("requests.", "urllib", "http.", "httpx.", "smtplib.", "ftplib.", "botocore.", "boto3.")

#: A handler of `logging`, and of what is made like it, writes down a record.
_LOGGING = ("Handler.handle", "Handler.emit")
_LOGGED = {rules.BLOCKING_FILE, rules.BLOCKING_LOCK}


class BlockingDetector(Detector, Observer):
    """Records a blocking call, and lets it go on unless it may wait forever."""

    name = "blocking"

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._attributes = Attributes(gate)
        self._on_import = OnImport({call.module for call in LIBRARIES}, self._watch_module)
        self._files = LibraryFiles(gate)
        #: The thread has a call judged, or makes one that may go on: what it consists of may, too.
        self._busy = threading.local()
        #: What blocks in the tasks that a lifespan has started, before its `yield`.
        self._beside: list[tuple[Request, asyncio.Task[Any], Finding, CodeType]] = []
        #: The lines that were told of in a phase, and what is wrong in which function.
        self._told: set[object] = set()

    def install(self) -> None:
        subscribe(self.gate, self)
        for call in STANDARD_LIBRARY:
            # Some are missing outside Linux.
            self._watch(importlib.import_module(call.module), call)
        watch_locks(self.gate, self._attributes, self._is_watching, self._make)
        watch_scheduling(self.gate, self._attributes)
        self._attributes.rebind()
        self._on_import.install()

    def uninstall(self) -> None:
        unsubscribe(self)
        self._on_import.uninstall()
        self._attributes.restore()

    def begin(self, phase: Phase) -> None:
        self._told.clear()
        if phase.when == "setup":
            self._files.clear()
            forget_loaders()
            self._beside.clear()

    def lifespan_started(self, lifespan: Request) -> None:
        # A task that has ended by now held up nobody. One that has not works beside requests.
        for started_by, task, finding, code in self._beside:
            if started_by is lifespan and not task.done():
                self._report(finding, code)
        self._beside = [entry for entry in self._beside if entry[0] is not lifespan]

    def _watch_module(self, name: str) -> None:
        for call in LIBRARIES:
            if call.module == name and not self._watch(sys.modules[name], call):
                self.gate.lacks(call.name, self.name)

    def _watch(self, module: Any, call: Call) -> bool:
        """Have each call of a function judged, unless it is missing."""
        *owners, name = call.function.split(".")
        owner = functools.reduce(lambda outer, part: getattr(outer, part, None), owners, module)
        original = getattr(owner, name, None)
        if original is not None:
            self._attributes.replace(owner, name, original, self._judged(call, original))
        return original is not None

    def _judged(self, call: Call, original: Callable[..., Any]) -> Callable[..., Any]:
        busy = self._busy

        @functools.wraps(original)
        def judged(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if not self._is_watching():
                return original(*args, **kwargs)
            busy.now = True
            try:
                return self._make(call, sys._getframe(1), original, args, kwargs)
            finally:
                busy.now = False

        return judged

    def _make(
        self,
        call: Call,
        frame: FrameType,
        original: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] = MappingProxyType({}),
    ) -> Any:
        """Make a call, unless it blocks and may wait for this very event loop."""
        __tracebackhide__ = True
        caller = self._judge(call, frame, args, kwargs)
        if caller is None:
            return original(*args, **kwargs)
        finding = self._finding(call, caller)
        if not self.gate.allows(finding.rule):
            self._report(finding, caller.frame.f_code)
            if self.gate.fails(finding) and call.endless(*args, **kwargs):
                raise BlockingError(call.name)
        return make_told(original, args, kwargs)

    def _is_watching(self) -> bool:
        gate = self.gate
        return (
            gate.phase is not None
            and gate.is_on_watched_loop()
            and not getattr(self._busy, "now", False)
        )

    def _judge(
        self, call: Call, frame: FrameType, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Caller | None:
        """Find who is to blame for a call, if anybody is."""
        # An import reads its file by thousands of calls.
        if is_import(frame.f_code) or call.harmless(*args, **kwargs):
            return None
        stop = functools.partial(_may_block, call)
        caller = find_caller(
            self.gate, frame, stop, scheduled_at.get(), functools.partial(self._endpoint, call)
        )
        file = File(call.name, args, kwargs)
        if caller is None or self._is_excused(call, caller, file):
            if caller is not None and call.rule is rules.BLOCKING_FILE and file.is_read:
                note_loader(self.gate, frame)
            return None
        return caller

    def _endpoint(self, call: Call) -> Location | None:
        """Where a library's endpoint is mounted that calls by itself what nothing but it knows."""
        request = current_request.get()
        if request is None or call.rule in _LOGGED:
            # A library may read files of its own, and lock what it shares.
            return None
        return endpoint_of(self.gate, request)

    def _is_excused(self, call: Call, caller: Caller, file: File) -> bool:
        frames, context = list(outwards(caller.frame)), copy_context()
        if is_of_test(self.gate, frames, context, scheduled_at.get()):
            return not (call.rule is rules.BLOCKING_SLEEP and _is_in_test(caller))
        # A library may ask the system about itself when it is set up.
        may_start = call.rule in _AT_START or (
            call.rule is rules.BLOCKING_SUBPROCESS
            and caller.library is caller.third_party is not None
        )
        starting = may_start and is_starting(
            self.gate, frames, context, reads=call.rule is rules.BLOCKING_FILE
        )
        lifespan, task = current_lifespan.get(), current_task()
        beside = lifespan is not None and task is not task_of(lifespan)
        if starting and not beside:
            return True
        if call.rule is rules.BLOCKING_FILE and self._is_librarys_file(caller, file):
            return True
        if starting and lifespan is not None and task is not None:
            finding = self._finding(call, caller)
            self._beside.append((lifespan, task, finding, caller.frame.f_code))
            return True
        if (
            call.rule is rules.BLOCKING_LOCK
            and lifespan is not None
            and not beside
            and _waits_inside(caller)
        ):
            # The end of a thread of its own, for example, when the application stops.
            return True
        return call.rule in _LOGGED and self._logs(caller)

    def _is_librarys_file(self, caller: Caller, file: File) -> bool:
        if caller.awaits or file.is_of_the_kernel:
            return True
        if file.is_only_read and keeps(self.gate, caller.frame):
            return True
        phase = self.gate.phase
        return self._files.is_own(file, caller, serving() or (phase and phase.nodeid))

    def _logs(self, caller: Caller) -> bool:
        """Whether the user's own handler of log records runs."""
        codes = (frame.f_code for frame in outwards(caller.frame))
        return any(
            code.co_qualname in _LOGGING and self.gate.origin(code) == "library" for code in codes
        )

    def _finding(self, call: Call, caller: Caller) -> Finding:
        what, rule = f"{call.name}() blocks the event loop", call.rule
        if caller.library is not None:
            name = public_name(caller.library)
            what = f"{name}() blocks the event loop in {call.name}()"
            if name.startswith(_CLIENTS):
                rule = rules.BLOCKING_NETWORK
        return Finding(rule, what, caller.where)

    def _report(self, finding: Finding, code: CodeType) -> None:
        """Tell what a function does wrong once, however many calls that takes."""
        mistakes: set[object] = {finding.where}
        if self.gate.origin(code) != "library":
            mistakes.add((finding.rule, code.co_filename, code.co_qualname))
        if self._told.isdisjoint(mistakes):
            self.gate.report(finding.rule, what=finding.what, where=finding.where)
        self._told |= mistakes


def _is_in_test(caller: Caller) -> bool:
    """Whether a coroutine that is a test makes the call, and holds up what it waits for."""
    code = caller.frame.f_code
    is_test = code.co_name.startswith("test") and bool(code.co_flags & inspect.CO_COROUTINE)
    return is_test and caller.library is None


def _waits_inside(caller: Caller) -> bool:
    """Whether the user's code has a library do something, for which that one waits."""
    library = caller.library
    return library is not None and library_path(library.f_code.co_filename) not in WAITING


def _may_block(call: Call, code: CodeType) -> bool:
    """Whether what lies below a function is none of the user's doing."""
    return (
        is_import(code)
        or (call.rule in _LOGGED and code.co_qualname in _LOGGING)
        or excuse(call.rule, code.co_filename, code.co_name) is not None
    )
