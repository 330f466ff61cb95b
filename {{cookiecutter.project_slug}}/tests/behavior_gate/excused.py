"""Code that may hold the event loop when it stands between the user's line and the call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from . import rules
from .core import real_time
from .rules import RULES, Rule
from .where import library_path

_LOCK = frozenset({rules.BLOCKING_LOCK})
_FILE = frozenset({rules.BLOCKING_FILE})
_SLOW = frozenset(rule for rule in RULES if rule.family == "slow")
_BLOCKING = frozenset(rule for rule in RULES if rule.family == "blocking")


@dataclass(frozen=True, slots=True)
class Excused:
    """Some code of a library, the rules that it may break, and why."""

    #: How its path begins, from where it is imported; a function may follow: `inspect.py:getfile`.
    path: str
    rules: frozenset[Rule]
    reason: str


_TOOL = "a tool around the test"
_TRACEBACK = "source lines for tracebacks and warnings"
_ONCE = "done once in a process"
_STARTS = "waits until a thread or process has started, which takes long on a busy machine only"

EXCUSED = (
    Excused("threading.py:start", _LOCK, _STARTS),
    Excused("concurrent/futures/thread.py:submit", _LOCK, _STARTS),
    Excused("concurrent/futures/process.py", _LOCK | _SLOW, _STARTS),
    Excused("multiprocessing/", _LOCK | _FILE | _SLOW, _STARTS),
    Excused("asyncio/", _BLOCKING, "runs coroutines, threads and processes, and waits for none"),
    Excused("inspect.py", _FILE | _SLOW, _TRACEBACK),
    Excused("linecache.py", _FILE | _SLOW, _TRACEBACK),
    Excused("<frozen linecache>", _FILE | _SLOW, _TRACEBACK),
    Excused("traceback.py", _SLOW, _TRACEBACK),
    Excused("<frozen importlib", _SLOW, _ONCE),
    Excused("importlib/metadata/", _SLOW, "lists what is installed, once in a process"),
    Excused("mimetypes.py", _SLOW, _ONCE),
    Excused("re/_compiler.py", _SLOW, _ONCE),
    Excused("ssl.py", _SLOW, "loads the certificates, once for each client"),
    Excused("fastapi/dependencies/utils.py", _SLOW, _ONCE),
    Excused("fastapi/routing.py:effective_candidates", _SLOW, _ONCE),
    Excused("fastapi/openapi/", _SLOW, _ONCE),
    Excused("pydantic/json_schema.py", _SLOW, _ONCE),
    Excused("pydantic/_internal/_generate_schema.py", _SLOW, _ONCE),
    Excused("pydantic/_internal/_model_construction.py", _SLOW, _ONCE),
    Excused("sqlalchemy/orm/mapper.py", _SLOW, _ONCE),
    Excused("_pytest/", _BLOCKING | _SLOW, _TOOL),
    Excused("coverage/", _BLOCKING | _SLOW, _TOOL),
    Excused("bdb.py", _BLOCKING | _SLOW, _TOOL),
    Excused("pdb.py", _BLOCKING | _SLOW, _TOOL),
    Excused("debugger", _BLOCKING | _SLOW, _TOOL),
    Excused("IPython/", _BLOCKING, _TOOL),
)


@functools.lru_cache(maxsize=4096)
def excuse(rule: Rule, filename: str, function: str = "") -> Excused | None:
    """Find the row by which a function may break a rule."""
    place = f"{library_path(filename)}:{function}"
    return next((row for row in EXCUSED if place.startswith(row.path) and rule in row.rules), None)


#: What is given a traceback, or is a module for them, describes an error. What leaves a context,
#: or throws the error, does something else.
_TRACEBACKS = {"tb", "traceback"}
_TRACEBACK_MODULES = ("/traceback.py", "/tracebacks.py")
_PASSES_ERRORS = {"__exit__", "__aexit__", "throw", "athrow"}


@functools.lru_cache(maxsize=4096)
def describes_error(code: CodeType) -> bool:
    """Whether a library describes an error: line by line, through all frames below the test."""
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return code.co_name not in _PASSES_ERRORS and (
        not _TRACEBACKS.isdisjoint(arguments)
        or code.co_filename.replace("\\", "/").endswith(_TRACEBACK_MODULES)
    )


#: When a thread has ended a call that is a finding already.
_told_at: dict[int, float] = {}


def make_told(
    original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """Make a call that is a finding already: how long it holds the event loop is not told again."""
    try:
        return original(*args, **kwargs)
    finally:
        _told_at[threading.get_ident()] = real_time()


def is_told(code: CodeType) -> bool:
    """Whether what lies below a function is a finding already."""
    return code is make_told.__code__


def has_told_since(thread: int, moment: float) -> bool:
    """Whether a thread has made such a call since a moment."""
    return _told_at.get(thread, moment) > moment
