"""Who is behind what a library does: the user's line, and the libraries between the two."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass
from itertools import chain
from types import CodeType, FrameType
from typing import Any

from .asgi import RUN_FOREVER, current_lifespan
from .core import Gate, Request, current_request
from .where import ROUTING, Location, is_python, library_path, stack

#: What is called by the name of its class.
_CONSTRUCTORS = ("__init__", "__new__", "__call__")
#: Where the event loop begins: above it, nobody has called what runs now.
_LOOP = (RUN_FOREVER, inspect.unwrap(asyncio.Handle._run).__code__)
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
#: What runs before the application serves, where a test does without ASGI.
_STARTS = ("__aenter__", "startup")
#: Where a framework calls an endpoint and its dependencies.
_SERVES = (*ROUTING, "fastapi/dependencies/")
#: Where FastAPI calls dependencies, and leaves them again.
_SOLVES = ("fastapi/dependencies/", "contextlib.py")
#: Who calls tests and fixtures.
_RUNS_TESTS = ("_pytest/", "pluggy/", "pytest_asyncio/", "anyio/pytest_plugin.py")


@dataclass(slots=True)
class Caller:
    """A line of the user, and what it has called."""

    where: Location
    #: The frame of the line, or that of the call if the line has only scheduled it.
    frame: FrameType
    #: What the line calls, if that is Python code.
    library: FrameType | None = None
    #: The same, without what is part of Python.
    third_party: FrameType | None = None
    #: It awaits a coroutine of a library, which has chosen how to go on from there.
    awaits: bool = False


def find_caller(
    gate: Gate,
    frame: FrameType,
    stop: Callable[[CodeType], bool] = lambda _: False,
    scheduled_at: Location | None = None,
    endpoint: Callable[[], Location | None] = lambda: None,
) -> Caller | None:
    """Find the user's frame from one outwards, unless what lies between stops the search.

    An ASGI application does: what happens inside it is not the doing of who calls it. What it has
    routed a request to is the `endpoint`. Where no code of the user runs, it is the line that has
    scheduled what runs, if that is known.
    """
    library = third_party = None
    awaits = False
    for outer in outwards(frame):
        code = outer.f_code
        origin = gate.origin(code)
        if origin in ("application", "test"):
            if not code.co_filename.endswith(".py"):
                # Made from a template. Its lines are not those of the file that it names.
                continue
            where = gate.location(code, outer.f_lineno)
            return Caller(where, outer, library, third_party, awaits)
        if code.co_flags & _ASYNC and library_path(code.co_filename).startswith(_SERVES):
            mounted = endpoint()
            if mounted is not None:
                return Caller(mounted, frame, library, third_party, awaits)
        if _is_asgi(code):
            return None
        if origin == "library":
            if stop(code):
                return None
            library = outer
            if not is_python(code.co_filename):
                third_party = outer
            awaits = awaits or bool(code.co_flags & _ASYNC)
    if scheduled_at is None:
        return None
    return Caller(scheduled_at, frame, library, third_party, awaits)


def outwards(frame: FrameType | None, greenlet: Any = None) -> Iterator[FrameType]:
    """Yield the frames from one outwards, as far as the event loop.

    Of a thread that is not the running one, also those of a greenlet that waits for the frame.
    """
    frames = stack(frame)
    if greenlet is not None:
        frames = chain(frames, stack(greenlet.gr_frame))
    for outer in frames:
        if outer.f_code in _LOOP:
            return
        yield outer


def is_of_test(
    gate: Gate, frames: Sequence[FrameType], context: Context, scheduled_at: Location | None = None
) -> bool:
    """Whether it is a coroutine of a test, a fixture or a fake that is held: nobody waits for it.

    The nearest coroutine of the application, or the nearest code of a test, tells: between the two
    and the call are only plain functions. What the application calls of a test stands in the place
    of a service, and what FastAPI solves, in that of a dependency. An endpoint is served, also if
    a test defines it.
    """
    serves = context.get(current_request) is not None
    of_test = is_dependency = False
    for outer in frames:
        code = outer.f_code
        origin = gate.origin(code)
        if origin == "application":
            if of_test or code.co_flags & _ASYNC:
                return of_test
        elif origin == "test":
            if not serves:
                return True
            of_test, is_dependency = True, False
        elif origin == "library":
            path = library_path(code.co_filename)
            if of_test and path.startswith(_SOLVES):
                is_dependency = True
            elif serves and _is_asgi(code):
                return is_dependency
            elif path.startswith(_RUNS_TESTS):
                return True
    return is_dependency or (
        scheduled_at is not None and not serves and gate.origin_of(scheduled_at) == "test"
    )


def is_starting(
    gate: Gate, frames: Sequence[FrameType], context: Context, *, reads: bool = False
) -> bool:
    """Whether the application runs before it serves anything, and so may prepare itself.

    That is a lifespan up to its `yield`, a module that is imported, and what a test enters by
    `async with` or calls `startup`, such as a lifespan without ASGI. What only reads files may
    also be a coroutine that a fixture awaits in its set-up: a factory can be one.
    """
    if any(is_import(outer.f_code) for outer in frames):
        return True
    if context.get(current_request) is not None:
        return False
    lifespan = context.get(current_lifespan)
    if lifespan is not None:
        return not lifespan.response_started
    in_coroutine = False
    for outer in frames:
        code = outer.f_code
        origin = gate.origin(code)
        if origin == "test":
            sets_up = gate.phase is not None and gate.phase.when == "setup"
            return not in_coroutine or (reads and sets_up)
        if code.co_name in _STARTS:
            in_coroutine = False
        elif origin == "application" and code.co_flags & _ASYNC:
            in_coroutine = True
    return False


def is_import(code: CodeType) -> bool:
    """Whether it imports a module. The import system also reads data, by `pkgutil`."""
    return code.co_filename.startswith("<frozen importlib") and code.co_name != "get_data"


def owner(frame: FrameType) -> Any:
    """The object whose method runs, or None in a plain function, a class method or `__init__`."""
    return None if frame.f_code.co_name in ("__init__", "__new__") else object_of(frame)


def object_of(frame: FrameType) -> Any:
    """The object whose method runs, also if it is still being made, or None."""
    code = frame.f_code
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    is_object = not isinstance(first, type) and hasattr(type(first), code.co_name)
    return first if is_object else None


@functools.lru_cache(maxsize=1024)
def _is_asgi(code: CodeType) -> bool:
    return {"scope", "receive", "send"} <= set(code.co_varnames[: code.co_argcount])


def served_by(handle: Any) -> Request | None:
    """The request that a callback of the event loop serves."""
    context = handle._context if handle is not None else None
    return context.get(current_request) if context is not None else None


def public_name(frame: FrameType) -> str:
    """Name a function of a library as the user calls it."""
    module = str(frame.f_globals.get("__name__", "?"))
    if module in ("genericpath", "posixpath", "ntpath"):
        module = "os.path"
    # Within a function, that function is what was called.
    function = frame.f_code.co_qualname.partition(".<locals>")[0]
    module = _exported_by(module, function.partition(".")[0])
    parts = [part for part in f"{module}.{function}".split(".") if part not in _CONSTRUCTORS]
    *owners, last = (part for part in parts if not part.startswith("_") or part == parts[-1])
    return ".".join((*owners, last if last.startswith("__") else last.lstrip("_")))


def _exported_by(module: str, name: str) -> str:
    """The outermost package that has what one of its modules defines: `requests` for `get`."""
    defined = getattr(sys.modules.get(module), name, None)
    names = module.split(".")
    packages = (".".join(names[:length]) for length in range(1, len(names)))
    return next(
        (
            package
            for package in packages
            if defined is not None and getattr(sys.modules.get(package), name, None) is defined
        ),
        module,
    )
