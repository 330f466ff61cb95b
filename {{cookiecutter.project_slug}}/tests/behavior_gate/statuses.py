"""Statuses that tell whether a test has named them as a server error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from traceback import walk_tb
from typing import Any

from .core import Gate, Request
from .on_import import OnImport
from .patches import Patches
from .where import stack

#: What finds the name of a status, or is still about to return the response, asserts nothing.
_NO_ASSERTION = ("/enum.py", "/httpx/_client.py", "/httpx2/_client.py", "/starlette/testclient.py")


class Status(int):
    """A status of 500 or higher: an `int` in all respects, that notes who compares it to what."""

    named: Callable[[Status], None] = staticmethod(lambda _: None)
    exchange: Callable[[], Any] = staticmethod(lambda: None)
    is_noted = False

    def __eq__(self, other: object) -> bool:
        equal = int(self) == other
        if equal:
            self.named(self)
        return equal

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __ge__(self, other: int) -> bool:
        if isinstance(other, int) and other >= 500:
            self.named(self)
        return int.__ge__(self, other)

    def __gt__(self, other: int) -> bool:
        if isinstance(other, int) and other >= 499:
            self.named(self)
        return int.__gt__(self, other)

    def __floordiv__(self, other: int) -> int:
        if other == 100:
            self.named(self)
        return int.__floordiv__(self, other)

    __hash__ = int.__hash__

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)

    def __copy__(self) -> int:
        return int(self)

    def __deepcopy__(self, memo: object) -> int:
        return int(self)


class Statuses:
    """Gives the responses of clients such statuses, and keeps what tests have asserted."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._patches = Patches(gate, "whether a test asserts the status of a response")
        self._libraries = OnImport(("httpx", "httpx2", "aiohttp"), self._watch)
        #: Method, path and status of each response whose status a test has named.
        self._named: list[tuple[str, str, int]] = []
        #: The status for which a client has raised this error.
        self._raised: list[tuple[Status, BaseException]] = []
        self._responses: tuple[type, ...] = ()

    def install(self) -> None:
        self._libraries.install()

    def uninstall(self) -> None:
        self._libraries.uninstall()
        self._patches.restore()

    def _watch(self, library: str) -> None:
        module = sys.modules[library]
        response = module.ClientResponse if library == "aiohttp" else module.Response
        self._responses = (*self._responses, response)
        if library == "aiohttp":
            self._patches.replace(module.ClientResponse, "start", self._watch_aiohttp)
            self._patches.replace(module.ClientResponse, "raise_for_status", self._watch_raise)
        else:
            self._patches.replace(module.Response, "__init__", self._watch_httpx)
            self._patches.replace(module.Response, "raise_for_status", self._watch_raise)

    def clear(self) -> None:
        self._named.clear()
        self._raised.clear()

    def take(self, request: Request) -> bool:
        """Whether a test has named the status of a request, and for no other request yet.

        One that catches the error which a client has made of the status has named it, too.
        """
        named = (request.method, request.path, request.status or 0)
        if named in self._named:
            self._named.remove(named)
            return True
        for status, error in self._raised:
            key = None if status.is_noted else _key(status.exchange(), status)
            if key == named and self._has_come_to_test(error):
                status.is_noted = True
                return True
        return False

    def take_note(self, held: Iterable[object]) -> None:
        """A test has caught an error that was raised with this: the last response is its reason."""
        statuses = [status for status in map(self._status_of, held) if status is not None]
        if statuses and isinstance(statuses[-1], Status):
            self._name(statuses[-1])

    def _status_of(self, value: Any) -> int | None:
        # Not by `isinstance`, which asks what stands for another object.
        if issubclass(type(value), self._responses):
            status: int | None = getattr(value, "status_code", None) or value.status
            return status
        return value if type(value) is Status else None

    def _has_come_to_test(self, error: BaseException) -> bool:
        frames = walk_tb(error.__traceback__)
        return any(self._gate.origin(frame.f_code) == "test" for frame, _ in frames)

    def _watch_httpx(self, original: Callable[..., None]) -> Callable[..., None]:
        def init(response: Any, *args: Any, **kwargs: Any) -> None:
            original(response, *args, **kwargs)
            if response.status_code >= 500:
                response.status_code = status = Status(response.status_code)
                # The request is known only after this.
                status.exchange = lambda: getattr(response, "_request", None)
                status.named = self._note

        return init

    def _watch_aiohttp(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def start(response: Any, *args: Any, **kwargs: Any) -> Any:
            result = await original(response, *args, **kwargs)
            if response.status >= 500:
                response.status = status = Status(response.status)
                status.exchange = lambda: response
                status.named = self._note
            return result

        return start

    def _watch_raise(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def raise_for_status(response: Any) -> Any:
            status = getattr(response, "status_code", None) or response.status
            try:
                return original(response)
            except Exception as error:
                if isinstance(status, Status) and not status.is_noted:
                    self._raised.append((status, error))
                raise

        return raise_for_status

    def _note(self, status: Status) -> None:
        if status.is_noted:
            return
        for frame in stack(sys._getframe(1)):
            if frame.f_code.co_filename.replace("\\", "/").endswith(_NO_ASSERTION):
                return
            origin = self._gate.origin(frame.f_code)
            if origin == "test":
                self._name(status)
            if origin in ("application", "test"):
                return

    def _name(self, status: Status) -> None:
        exchange = status.exchange()
        if exchange is not None and not status.is_noted:
            status.is_noted = True
            self._named.append(_key(exchange, status))


def _key(exchange: Any, status: int) -> tuple[str, str, int]:
    return exchange.method, exchange.url.path, int(status)
