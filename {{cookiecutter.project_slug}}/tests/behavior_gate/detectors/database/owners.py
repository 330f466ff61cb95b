"""Whose a session is: that of the request that opens it, or of the tests, which end it."""

from __future__ import annotations

import sys
import threading
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ... import rules
from ...asgi import runs_test_code
from ...core import Gate, Request
from ...patches import Patches
from ...where import Location, Origin, library_path, stack
from .hooks import after, has_asyncio
from .records import Work

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Owners:
    """Tells what has made a session, and whether that belongs to the tests."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        #: The sessions that tests and fixtures have made, and where.
        self.of_tests: WeakKeyDictionary[Session, Location | None] = WeakKeyDictionary()
        #: The registries of sessions and the sessionmakers, and whether tests have made them.
        self._makers: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()

    def patch(self, patches: Patches) -> None:
        for kind in (*_registries(), *_sessionmakers()):
            patches.replace(kind, "__init__", partial(after, self._maker_made))

    def _maker_made(self, maker: Any, *_: object) -> None:
        self._makers[maker] = runs_test_code(self.gate)

    def note_outside(self, session: Session) -> None:
        """Remember a session that no request has made, if a test or fixture has."""
        is_of_application = threading.get_ident() != self.gate.thread
        for frame in stack(sys._getframe(1)):
            origin = self.gate.origin(frame.f_code)
            if origin == "test":
                self.of_tests[session] = self.gate.location(frame.f_code, frame.f_lineno)
                return
            if origin == "application":
                if frame.f_code.co_name == "<module>":
                    return
                is_of_application = True
        if not is_of_application:
            # A plugin has a fixture for it.
            self.of_tests[session] = None

    def share(self, session: Session) -> None:
        """Tell of a session that a request uses, if a test or fixture has made it."""
        if session in self.of_tests:
            self.tell_of_shared(self.of_tests[session])

    def tell_of_shared(self, where: Location | None) -> None:
        """Tell of a session that a request uses and has not made, unless the test's own code does.

        What it changes and forgets to commit is there for the next one that looks.
        """
        if runs_test_code(self.gate):
            return
        made = f" ({where})" if where else ""
        self.gate.blind(
            f"the app and the test share one session{made}, so that a forgotten commit is not"
            " seen. Fix: give each request a session of its own on the connection of the test,"
            ' with join_transaction_mode="create_savepoint"',
            rules.LOST_COMMIT,
        )

    def work(self, request: Request, opened: Location | None) -> Work:
        """Tell what makes the session that is being made for a request."""
        is_scoped = is_rebound = False
        of_tests = runs_test_code(self.gate)
        is_direct = True
        for frame in stack(sys._getframe(1)):
            code = frame.f_code
            if self.gate.origin(code) in ("application", "test"):
                is_direct = False
            if code.co_varnames[:1] != ("self",) or not _is_of_sqlalchemy(code.co_filename):
                continue
            maker = frame.f_locals.get("self")
            if isinstance(maker, _registries()):
                is_scoped = True
                of_tests = of_tests or self._is_registry_of_tests(maker)
            elif isinstance(maker, _sessionmakers()):
                is_rebound = self._makers.get(maker, False)
            elif is_direct and self._holds(type(maker).__module__) == "test":
                of_tests = True
        return Work(request, opened, of_tests, is_scoped, is_rebound)

    def _is_registry_of_tests(self, registry: Any) -> bool:
        if registry not in self._makers:
            # It is older than the gate: a module has it.
            holders = {
                self._holds(name)
                for name, module in list(sys.modules.items())
                if any(one is registry for one in list(getattr(module, "__dict__", {}).values()))
            }
            self._makers[registry] = "test" in holders and "application" not in holders
        return self._makers[registry]

    def _holds(self, module: str) -> Origin:
        """Tell whose code a module holds."""
        filename = getattr(sys.modules.get(module), "__file__", None)
        return self.gate.origins[filename] if filename else "library"


def _is_of_sqlalchemy(filename: str) -> bool:
    return library_path(filename).startswith("sqlalchemy/")


@cache
def _registries() -> tuple[type, ...]:
    from sqlalchemy.orm import scoped_session

    if not has_asyncio():
        return (scoped_session,)
    from sqlalchemy.ext.asyncio import async_scoped_session

    return scoped_session, async_scoped_session


@cache
def _sessionmakers() -> tuple[type, ...]:
    from sqlalchemy.orm import sessionmaker

    if not has_asyncio():
        return (sessionmaker,)
    from sqlalchemy.ext.asyncio import async_sessionmaker

    return sessionmaker, async_sessionmaker
