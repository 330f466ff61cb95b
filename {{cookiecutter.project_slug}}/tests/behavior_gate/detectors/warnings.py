"""Never-awaited coroutines, resources left open, and the event loop used from another thread."""

from __future__ import annotations

import asyncio
import builtins
import gc
import inspect
import io
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .. import rules
from ..asgi import endpoint_of
from ..children import is_reaped
from ..clients import Clients
from ..core import Detector, Finding, Gate, Phase, Request, current_request
from ..filters import UNSET, Shown, module_of
from ..on_import import OnImport
from ..patches import Patches
from ..where import Location, is_python

#: After how many tests it is looked how much was alive before them, and which growth since the last
#: time lets all that be collected, too: as for Python's own collector.
_LOOK_AFTER = 500
_GROWTH = 1.25


class WarningsDetector(Detector):
    """Takes warnings that Python gives too late or not at all, and tells where they are from."""

    name = "warnings"

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._patches = Patches(gate, "warnings")
        self._clients = Clients(gate)
        self._streams = OnImport(("anyio.streams.memory",), self._watch_streams)
        #: Where files and sockets were opened, or for which request, by their id.
        self._opened: dict[int, Location | Request] = {}
        self._streams_of_libraries: set[int] = set()
        self._show: Any = None
        self._shown = Shown()
        self._passes_on = False
        self._tests = 0
        self._alive = 0

    def install(self) -> None:
        patches = self._patches
        patches.replace(warnings, "_warn_unawaited_coroutine", self._warn_unawaited_coroutine)
        patches.replace(warnings, "_showwarnmsg", self._showwarnmsg)
        patches.replace(sys, "unraisablehook", self._unraisablehook)
        patches.replace(asyncio.BaseEventLoop, "_check_thread", self._check_thread)
        patches.replace(builtins, "open", self._open)
        patches.replace(io, "open", self._open)
        patches.replace(socket.socket, "__init__", self._making)
        patches.replace(tempfile.SpooledTemporaryFile, "__init__", self._making)
        self._clients.install()
        self._streams.install()

    def uninstall(self) -> None:
        gc.unfreeze()
        self._streams.uninstall()
        self._clients.uninstall()
        self._patches.restore()

    def begin(self, phase: Phase) -> None:
        if phase.when == "setup":
            self._opened.clear()
            self._streams_of_libraries.clear()
            self._set_aside()
            self._show = warnings._showwarnmsg_impl  # type: ignore[attr-defined]
        # By default Python ignores them, and as errors they would surface as unraisable ones.
        self._shown.begin()

    def end(self, phase: Phase) -> None:
        # What is lost in a reference cycle belongs to this test and not to a later one.
        if phase.when != "setup":
            gc.collect()
        self._shown.end()

    def _set_aside(self) -> None:
        """Exempt what is alive before a test from its collections, which makes them cheap."""
        self._tests += 1
        if self._tests % _LOOK_AFTER == 0 and gc.get_freeze_count() > _GROWTH * self._alive:
            # Of earlier tests, and so no affair of this one.
            phase, self.gate.phase = self.gate.phase, None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gc.unfreeze()
                gc.collect()
                self._alive = len(gc.get_objects())
            self.gate.phase = phase
        gc.freeze()

    def _warn_unawaited_coroutine(self, original: Callable[..., None]) -> Callable[..., None]:
        def warn_unawaited_coroutine(coroutine: Any) -> None:
            text = f"coroutine {coroutine.__qualname__!r} was never awaited"
            caller = sys._getframe(1)
            module = caller.f_globals.get("__name__", "")
            if self.gate.phase is None or self._is_recorded():
                original(coroutine)
                return
            action = self._shown.action(RuntimeWarning, text, module, caller.f_lineno)
            if action != "ignore" and not self._fails_by_unawaited(coroutine):
                with self._passed_on():
                    original(coroutine)

        return warn_unawaited_coroutine

    def _is_recorded(self) -> bool:
        """Whether the test records warnings by itself, so that they are its own affair."""
        return warnings._showwarnmsg_impl is not self._show  # type: ignore[attr-defined]

    def _fails_by_unawaited(self, coroutine: Any) -> bool:
        """Report it. If that fails nothing, the suite has its warning."""
        where = self._origin_of(coroutine)
        if self._is_stopped_at(where):
            return True
        what = f"coroutine {coroutine.__qualname__!r} was never awaited"
        return self._fails_by(Finding(rules.NEVER_AWAITED, what, where))

    def _fails_by(self, finding: Finding) -> bool:
        self.gate.report(finding.rule, what=finding.what, where=finding.where)
        return self.gate.fails(finding)

    @contextmanager
    def _passed_on(self) -> Iterator[None]:
        """Let through what Python says about a coroutine."""
        self._passes_on = True
        try:
            yield
        finally:
            self._passes_on = False

    def _origin_of(self, coroutine: Any) -> Location | None:
        where = self.gate.innermost(coroutine.cr_origin or ())
        if where is None and self.gate.origin(coroutine.cr_code) == "application":
            return self.gate.location(coroutine.cr_code)
        return where

    def _showwarnmsg(self, original: Callable[..., None]) -> Callable[..., None]:
        def showwarnmsg(message: Any) -> None:
            if self.gate.phase is None:
                original(message)
            elif issubclass(message.category, ResourceWarning):
                self._show_unclosed(message, original)
            elif (
                not inspect.iscoroutine(message.source)
                or self._passes_on
                or self._is_recorded()
                # `pytest.warns` gives back what it has not expected.
                or not self._fails_by_unawaited(message.source)
            ):
                original(message)

        return showwarnmsg

    def _show_unclosed(self, message: Any, show: Callable[..., None]) -> None:
        text, module = str(message.message), module_of(message.filename)
        action = self._shown.action(message.category, text, module, message.lineno)
        if self._is_recorded():
            if action not in ("ignore", UNSET):
                show(message)
        elif action != "ignore" and not self._fails_by_unclosed(text, message.source):
            if action == "error":
                raise message.message
            if action != UNSET:
                show(message)

    def _unraisablehook(self, original: Callable[..., None]) -> Callable[..., None]:
        def unraisablehook(unraisable: Any) -> None:
            error = unraisable.exc_value
            if (
                self.gate.phase is None
                or not isinstance(error, ResourceWarning)
                or not self._fails_by_unclosed(str(error), unraisable.object)
            ):
                original(unraisable)

        return unraisablehook

    def _fails_by_unclosed(self, message: str, source: Any) -> bool:
        """Report it. If that fails nothing, the suite has its warning."""
        source = source or _dying()
        if isinstance(source, subprocess.Popen) and is_reaped(source.pid):
            return True
        if _is_stream(source) and id(source) in self._streams_of_libraries:
            return False
        places = (self._opened.get(id(part)) for part in _parts(source))
        where = next((place for place in places if place), None) or self._created(source)
        if isinstance(where, Request):
            where = endpoint_of(self.gate, where)
        if self._is_stopped_at(where):
            return True
        return self._fails_by(Finding(rules.UNCLOSED, message.partition("\n")[0], where))

    def _created(self, source: Any) -> Location | None:
        """Where asyncio, or a library like it, has noted that a thing was made."""
        frames = reversed(getattr(source, "_source_traceback", None) or ())
        return self.gate.innermost((frame.filename, frame.lineno, frame.name) for frame in frames)

    def _is_stopped_at(self, where: Location | None) -> bool:
        """Whether the gate itself broke off the line, by raising at a blocking call."""
        phase = self.gate.phase
        return phase is not None and any(
            finding.detector == "blocking" and finding.where == where for finding in phase.findings
        )

    def _check_thread(self, original: Callable[..., None]) -> Callable[..., None]:
        def check_thread(loop: Any) -> None:
            try:
                original(loop)
            except RuntimeError:
                if not self.gate.is_watched(loop):
                    raise
                where = self.gate.locate(sys._getframe(1))
                what = "the event loop was used from another thread"
                self.gate.report(rules.WRONG_THREAD, what=what, where=where)
                # Without the debug mode that the gate has set nothing would be raised.
                if self.gate.fails(Finding(rules.WRONG_THREAD, what, where)):
                    raise

        return check_thread

    def _open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def open(*args: Any, **kwargs: Any) -> Any:  # noqa: A001
            file = original(*args, **kwargs)
            self._remember(file)
            return file

        return open

    def _making(self, original: Callable[..., None]) -> Callable[..., None]:
        def make(thing: Any, *args: Any, **kwargs: Any) -> None:
            original(thing, *args, **kwargs)
            self._remember(thing)

        return make

    def _watch_streams(self, module: str) -> None:
        for name in ("MemoryObjectReceiveStream", "MemoryObjectSendStream"):
            stream = getattr(sys.modules[module], name)
            self._patches.replace(stream, "__post_init__", self._making_stream)

    def _making_stream(self, original: Callable[..., None]) -> Callable[..., None]:
        def make(stream: Any) -> None:
            original(stream)
            # A stream holds nothing but memory. What a library has made, only that can close.
            maker: Any = sys._getframe(1)
            while maker is not None and _is_anyio_or_python(maker):
                maker = maker.f_back
            self._streams_of_libraries.discard(id(stream))
            if maker is not None and self.gate.origin(maker.f_code) == "library":
                self._streams_of_libraries.add(id(stream))
            else:
                self._remember(stream)

        return make

    def _remember(self, thing: Any) -> None:
        if self.gate.phase is not None:
            # What goes on after a cancellation may have lost the frames above it.
            where = self.gate.locate(sys._getframe(2)) or current_request.get()
            if where is not None:
                self._opened[id(thing)] = where


def _is_stream(thing: Any) -> bool:
    return type(thing).__module__ == "anyio.streams.memory"


def _is_anyio_or_python(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    return module.startswith("anyio.") or is_python(frame.f_code.co_filename)


def _dying() -> Any:
    """The object that warns of itself while it is collected."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame and frame.f_locals.get("self")


def _parts(thing: Any) -> Iterator[Any]:
    """A thing, and the file or socket in it."""
    for part in (thing, getattr(thing, "_transport", None)):
        yield part
        yield getattr(part, "_sock", None)
        yield getattr(part, "raw", None)
