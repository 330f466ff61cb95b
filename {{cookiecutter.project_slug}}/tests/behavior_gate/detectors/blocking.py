"""A call that blocks the thread of the event loop, by blockbuster and what it misses."""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import functools
import importlib
import ipaddress
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Literal

from .. import rules
from ..asgi import (
    Observer,
    current_lifespan,
    current_task,
    serving,
    subscribe,
    task_of,
    unsubscribe,
)
from ..callers import Caller, find_caller, is_import, is_starting, keeps, outwards
from ..core import Detector, Finding, Gate, Phase, Request
from ..files import File, LibraryFiles
from ..on_import import OnImport
from ..rules import Rule
from ..where import library_path

if TYPE_CHECKING:
    import blockbuster

Kind = Literal["sleep", "file", "network", "dns", "subprocess", "database", "lock", "hash", "input"]

_RULES: dict[Kind, Rule] = {
    "sleep": rules.BLOCKING_SLEEP,
    "file": rules.BLOCKING_FILE,
    "network": rules.BLOCKING_NETWORK,
    "dns": rules.BLOCKING_DNS,
    "subprocess": rules.BLOCKING_SUBPROCESS,
    "database": rules.BLOCKING_DATABASE,
    "lock": rules.BLOCKING_LOCK,
    "hash": rules.BLOCKING_HASH,
    "input": rules.BLOCKING_INPUT,
}

#: What blockbuster watches and what is no waiting at all, or is watched here by another function.
_HARMLESS = {
    *("os.getcwd", "os.path.abspath", "os.path.samestat", "os.path.sameopenfile"),
    # Each step of a scan. Its beginning is watched.
    "os.scandir",
}

#: What the user calls where Python calls something else.
_SHOWN = {"io.FileIO.readinto": "file.readline"}

#: The kinds of what blockbuster watches, by module; the others are files.
_KINDS: dict[str, Kind] = {
    "time": "sleep",
    "socket": "network",
    "ssl": "network",
    "sqlite3": "database",
    "threading": "lock",
    "builtins": "input",
}

#: What blockbuster does not watch.
_WATCHED: dict[str, Kind] = {
    "sqlite3.connect": "database",
    "builtins.open": "file",
    "io.open": "file",
    "os.open": "file",
    "os.scandir": "file",
    "os.lstat": "file",
    "os.fsync": "file",
    "os.chmod": "file",
    "os.utime": "file",
    "os.truncate": "file",
    "io.BufferedReader.readline": "file",
    "io.BufferedReader.readlines": "file",
    "io.BufferedReader.readinto": "file",
    # Also what `for line in file` reads.
    "io.FileIO.readinto": "file",
    "io.FileIO.read": "file",
    "io.FileIO.readall": "file",
    "io.FileIO.write": "file",
    "io.TextIOWrapper.readline": "file",
    "io.TextIOWrapper.readlines": "file",
    "io.TextIOWrapper.writelines": "file",
    "socket.getaddrinfo": "dns",
    "socket.gethostbyname": "dns",
    "socket.gethostbyname_ex": "dns",
    "socket.gethostbyaddr": "dns",
    "socket.getnameinfo": "dns",
    "socket.getfqdn": "dns",
    "select.select": "network",
    "subprocess.Popen.__init__": "subprocess",
    "subprocess.Popen.wait": "subprocess",
    "subprocess.Popen.communicate": "subprocess",
    "os.system": "subprocess",
    "os.waitpid": "subprocess",
    "os.wait": "subprocess",
    "os.spawnv": "subprocess",
    "os.spawnve": "subprocess",
    "threading.Thread.join": "lock",
    "queue.SimpleQueue.get": "lock",
    "hashlib.scrypt": "hash",
    "hashlib.pbkdf2_hmac": "hash",
}

#: What is called by the name of its class.
_CONSTRUCTORS = ("__init__", "__new__", "__call__")

#: Of libraries that may be there; watched as soon as they are imported.
_OPTIONAL: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "psycopg": (
        "database",
        (
            "connect",
            "Connection.execute",
            "Connection.commit",
            "Connection.rollback",
            "Cursor.execute",
            "Cursor.executemany",
            "Connection.wait",
            "waiting.wait",
            "waiting.wait_conn",
        ),
    ),
    "psycopg2": (
        "database",
        (
            "connect",
            "extensions.connection.commit",
            "extensions.connection.rollback",
            "extensions.cursor.execute",
            "extensions.cursor.executemany",
        ),
    ),
    "pymysql": ("database", ("connect", "connections.Connection.query")),
    "MySQLdb": ("database", ("connect", "connections.Connection.query")),
    "mysql.connector": ("database", ("connect",)),
    "oracledb": ("database", ("connect", "Cursor.execute")),
    "pyodbc": ("database", ("connect", "Cursor.execute")),
    "pymssql": ("database", ("connect",)),
    "passlib.context": ("hash", ("CryptContext.hash", "CryptContext.verify")),
    "argon2": ("hash", ("PasswordHasher.hash", "PasswordHasher.verify")),
    "argon2.low_level": ("hash", ("hash_secret", "hash_secret_raw", "verify_secret")),
    "bcrypt": ("hash", ("hashpw", "checkpw", "kdf")),
    "pwdlib": ("hash", ("PasswordHash.hash", "PasswordHash.verify")),
    "werkzeug.security": ("hash", ("generate_password_hash", "check_password_hash")),
}

#: What may be done while nothing is served, or by a test itself: it holds up nobody.
_AT_START: set[Kind] = {"file", "hash"}

#: Code that may block, and in which way, when it stands between the user's code and the call.
_ALLOWED: tuple[tuple[str, set[Kind] | None], ...] = (
    # A thread that starts says so at once.
    ("threading.py:start", {"lock"}),
    ("concurrent/futures/thread.py:submit", {"lock"}),
    # Runs coroutines, threads and processes, and waits for none of them.
    ("asyncio/", None),
    ("anyio/_backends/_asyncio.py", None),
    # Serves the application on a loop of its own, for which the test waits.
    ("starlette/testclient.py", None),
    ("concurrent/futures/process.py", {"lock", "subprocess", "file"}),
    ("multiprocessing/", {"lock", "file"}),
    # Source lines for tracebacks and warnings.
    ("inspect.py", {"file"}),
    ("linecache.py", {"file"}),
    ("<frozen linecache>", {"file"}),
    # The tools around the test.
    ("_pytest/", None),
    ("coverage/", None),
    ("bdb.py", None),
    ("pdb.py", None),
    ("cmd.py", None),
    ("debugger", None),
    ("IPython/", None),
)

#: Libraries that talk to another host, whatever they read from disk before they do.
_CLIENTS = ("requests.", "urllib", "http.", "httpx.", "smtplib.", "ftplib.", "botocore.", "boto3.")

#: What the user's code waits by.
_WAITING = {"threading.py", "queue.py", "concurrent/futures/_base.py"}

#: A handler of `logging`, and of what is made like it, writes down a record.
_LOGGING = ("Handler.handle", "Handler.emit")

#: A wait for a lock or for the end of a thread is worth a word from here on, in seconds: what a
#: library does inside may take longer, on a busy machine, than what the user's code waits for.
_AT_ONCE = 0.001
_BRIEFLY = 0.02


@dataclass(slots=True)
class Call:
    """A function that blocks, by the name that it is known by."""

    name: str
    kind: Kind
    harmless: Callable[..., bool] = lambda *_, **__: False
    allowed_in: Sequence[tuple[str, Iterable[str]]] = ()


class BlockingDetector(Detector, Observer):
    """Records a blocking call and raises blockbuster's BlockingError in its place."""

    name = "blocking"
    requires = ("blockbuster", "forbiddenfruit")

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._functions: list[blockbuster.BlockBusterFunction] = []
        self._rebound: list[tuple[dict[str, Any], str, Any]] = []
        self._lock_methods: list[tuple[type, str, Any]] = []
        self._on_import = OnImport(_OPTIONAL, self._watch_module)
        self._files = LibraryFiles(gate)
        #: What blocks in the tasks that a lifespan has started, before its `yield`.
        self._beside: list[tuple[Request, asyncio.Task[Any], Finding]] = []

    def install(self) -> None:
        import blockbuster

        subscribe(self.gate, self)
        for name, function in blockbuster.BlockBuster().functions.items():
            if name not in _HARMLESS and not name.startswith("threading."):
                self._watch(function, name, _kind_of(name))
        for name, kind in _WATCHED.items():
            self._watch_named(name, kind)
        self._watch_lock(_thread.LockType, "Lock")
        self._watch_lock(_thread.RLock, "RLock")
        self._rebind()
        self._on_import.install()

    def uninstall(self) -> None:
        unsubscribe(self)
        self._on_import.uninstall()
        for cls, name, method in self._lock_methods:
            _set_method(cls, name, method)
        self._lock_methods.clear()
        for namespace, name, original in self._rebound:
            namespace[name] = original
        for function in reversed(self._functions):
            function.deactivate()
        self._rebound.clear()
        self._functions.clear()

    def begin(self, phase: Phase) -> None:
        if phase.when == "setup":
            self._files.clear()
            self._beside.clear()

    def lifespan_started(self, lifespan: Request) -> None:
        # A task that has ended by now held up nobody. One that has not works beside requests.
        for started_by, task, finding in self._beside:
            if started_by is lifespan and not task.done():
                self._report(finding)
        self._beside = [entry for entry in self._beside if entry[0] is not lifespan]

    def _watch_named(self, name: str, kind: Kind) -> None:
        import blockbuster

        module, *owners, attribute = name.split(".")
        owner: Any = importlib.import_module(module)
        for part in owners:
            owner = getattr(owner, part)
        # Some are missing outside Linux.
        if hasattr(owner, attribute):
            self._watch(blockbuster.BlockBusterFunction(None, name), name, kind)

    def _watch_module(self, module: str) -> None:
        import blockbuster

        kind, names = _OPTIONAL[module]
        for name in names:
            *owners, attribute = name.split(".")
            owner: Any = sys.modules[module]
            for part in owners:
                owner = getattr(owner, part, None)
            if hasattr(owner, attribute):
                function = blockbuster.BlockBusterFunction(owner, attribute)
                self._watch(function, f"{module}.{name}", kind)

    def _watch(self, function: blockbuster.BlockBusterFunction, name: str, kind: Kind) -> None:
        harmless = _HARMLESS_WHEN.get(name, function.can_block_predicate)
        name = _SHOWN.get(name, name.removesuffix(".__init__"))
        allowed_in = [
            (file, names)
            for file, names in function.can_block_functions
            if not file.startswith("<frozen importlib")
        ]
        call = Call(name, kind, harmless, allowed_in)
        function.can_block_predicate = functools.partial(self._permits, call)
        function.activate()
        self._functions.append(function)

    def _watch_lock(self, cls: Any, name: str) -> None:
        # Not by blockbuster, which has no `with lock:` and takes every contention for a wait.
        original = cls.acquire
        call = Call(f"threading.{name}.acquire", "lock")

        def acquire(lock: Any, blocking: bool = True, timeout: float = -1) -> Any:
            if original(lock, False):
                return True
            if not blocking or timeout == 0:
                return False
            if not self._is_watching():
                return original(lock, blocking, timeout)
            grace = _BRIEFLY if _is_librarys_own(self.gate, sys._getframe(1)) else _AT_ONCE
            brief = grace if timeout < 0 else min(timeout, grace)
            return original(lock, True, brief) or (
                brief != timeout and self._permits(call) and original(lock, blocking, timeout)
            )

        def enter(lock: Any) -> Any:
            return acquire(lock)

        for attribute, method in {"acquire": acquire, "__enter__": enter}.items():
            self._lock_methods.append((cls, attribute, _set_method(cls, attribute, method)))

    def _rebind(self) -> None:
        """Replace what the user's modules have taken by `from time import sleep` before."""
        wrappers = {
            id(function.original_func): getattr(function.module, function.func_name)
            for function in self._functions
            if not isinstance(function.module, type)
        }
        for module in list(sys.modules.values()):
            namespace = getattr(module, "__dict__", {})
            filename = namespace.get("__file__")
            if not isinstance(filename, str) or self.gate.origins[filename] not in (
                "application",
                "test",
            ):
                continue
            for name, value in list(namespace.items()):
                if id(value) in wrappers:
                    self._rebound.append((namespace, name, value))
                    namespace[name] = wrappers[id(value)]

    def _permits(self, call: Call, *args: Any, **kwargs: Any) -> bool:
        gate, frame = self.gate, sys._getframe(2)
        # An import reads its file by thousands of calls.
        if gate.origins[frame.f_code.co_filename] == "library" and _may_block(call, frame.f_code):
            return True
        if not self._is_watching() or call.harmless(*args, **kwargs):
            return True
        caller = find_caller(gate, frame, functools.partial(_may_block, call))
        file = File(call.name, args, kwargs)
        if caller is None or self._is_excused(call, caller, file):
            return True
        finding = self._finding(call, caller)
        if self.gate.allows(finding.rule):
            return True
        import blockbuster

        self._report(finding)
        raise blockbuster.BlockingError(call.name)

    def _is_excused(self, call: Call, caller: Caller, file: File) -> bool:
        # A library may ask the system about itself when it is set up.
        may_start = call.kind in _AT_START or (
            call.kind == "subprocess" and caller.library is caller.third_party is not None
        )
        starting = may_start and is_starting(self.gate, caller.frame, copy_context())
        lifespan, task = current_lifespan.get(), current_task()
        beside = lifespan is not None and task is not task_of(lifespan)
        if starting and not beside:
            return True
        if call.kind == "file" and self._is_librarys_file(caller, file):
            return True
        if starting and lifespan is not None and task is not None:
            self._beside.append((lifespan, task, self._finding(call, caller)))
            return True
        if call.kind == "lock" and lifespan is not None and not beside and _waits_inside(caller):
            # The end of a thread of its own, for example, when the application stops.
            return True
        return call.kind in ("file", "lock") and self._logs(caller)

    def _is_librarys_file(self, caller: Caller, file: File) -> bool:
        if caller.awaits or file.is_of_the_kernel:
            return True
        if file.is_only_read and keeps(self.gate, caller.frame):
            return True
        phase = self.gate.phase
        return self._files.is_own(file, caller, serving() or (phase and phase.nodeid))

    def _is_watching(self) -> bool:
        gate, phase = self.gate, self.gate.phase
        return phase is not None and gate.is_on_watched_loop()

    def _logs(self, caller: Caller) -> bool:
        """Whether the user's own handler of log records runs."""
        codes = (frame.f_code for frame in outwards(caller.frame))
        return any(
            code.co_qualname in _LOGGING and self.gate.origin(code) == "library" for code in codes
        )

    def _finding(self, call: Call, caller: Caller) -> Finding:
        what, rule = f"{call.name}() blocks the event loop", _RULES[call.kind]
        if caller.library is not None:
            name = _public_name(caller.library)
            what = f"{name}() blocks the event loop in {call.name}()"
            if name.startswith(_CLIENTS):
                rule = rules.BLOCKING_NETWORK
        return Finding(rule, what, self.gate.location(caller.frame.f_code, caller.frame.f_lineno))

    def _report(self, finding: Finding) -> None:
        phase = self.gate.phase
        if phase is None or not any(
            other.detector == self.name and other.where == finding.where for other in phase.findings
        ):
            self.gate.report(finding.rule, what=finding.what, where=finding.where)


def _set_method(cls: type, name: str, method: Any) -> Any:
    """Set a method of a built-in type, and return the one that it had."""
    namespace = importlib.import_module("forbiddenfruit").patchable_builtin(cls)
    previous = namespace[name]
    namespace[name] = method
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
    return previous


def _public_name(frame: FrameType) -> str:
    module = str(frame.f_globals.get("__name__", "?"))
    if module in ("genericpath", "posixpath", "ntpath"):
        module = "os.path"
    # Within a function, that function is what was called.
    function = frame.f_code.co_qualname.partition(".<locals>")[0]
    parts = [part for part in f"{module}.{function}".split(".") if part not in _CONSTRUCTORS]
    *owners, last = (part for part in parts if not part.startswith("_") or part == parts[-1])
    return ".".join((*owners, last if last.startswith("__") else last.lstrip("_")))


def _kind_of(name: str) -> Kind:
    module = name.partition(".")[0]
    return _KINDS.get(module, "file")


def _waits_inside(caller: Caller) -> bool:
    """Whether the user's code has a library do something, for which that one waits."""
    library = caller.library
    return library is not None and library_path(library.f_code.co_filename) not in _WAITING


def _is_librarys_own(gate: Gate, frame: FrameType | None) -> bool:
    """Whether a library takes a lock for itself, and the user's code does not wait for anything."""
    while frame is not None:
        code = frame.f_code
        origin = gate.origin(code)
        if origin == "library":
            path = library_path(code.co_filename)
            if path not in _WAITING or (path, code.co_name) == ("threading.py", "start"):
                return True
        elif origin != "gate":
            return False
        frame = frame.f_back
    return True


def _may_block(call: Call, code: CodeType) -> bool:
    """Whether what lies below a function is none of the user's doing."""
    if is_import(code) or (call.kind in ("file", "lock") and code.co_qualname in _LOGGING):
        return True
    if _is_allowed(call.kind, code.co_filename, code.co_name):
        return True
    path, function = library_path(code.co_filename), code.co_name
    return any(path.endswith(end) and function in names for end, names in call.allowed_in)


@functools.lru_cache(maxsize=4096)
def _is_allowed(kind: Kind, filename: str, function: str) -> bool:
    place = f"{library_path(filename)}:{function}"
    return any(
        place.startswith(start) and (kinds is None or kind in kinds) for start, kinds in _ALLOWED
    )


def _ends_soon(thread: threading.Thread, timeout: float | None = None) -> bool:
    thread.join(_BRIEFLY)
    return not thread.is_alive()


def _is_address(host: str | bytes | None, *_: Any, **__: Any) -> bool:
    """Whether a host needs no look-up."""
    if not host:
        return True
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


def _to_terminal(file: Any, *args: Any) -> bool:
    """Whether a file is the terminal, or what pytest puts in its place."""
    try:
        return (
            type(file).__module__.startswith("_pytest.")
            or file in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
            or file.fileno() in (1, 2)
        )
    except (OSError, ValueError):
        return True


_HARMLESS_WHEN: dict[str, Callable[..., bool]] = {
    "time.sleep": lambda seconds: seconds <= 0,
    "builtins.open": lambda file, *_, **__: isinstance(file, int),
    "io.open": lambda file, *_, **__: isinstance(file, int),
    "io.TextIOWrapper.write": _to_terminal,
    "io.TextIOWrapper.writelines": _to_terminal,
    "io.BufferedWriter.write": _to_terminal,
    "io.FileIO.write": _to_terminal,
    "socket.getaddrinfo": _is_address,
    "socket.gethostbyname": _is_address,
    "select.select": lambda _r, _w, _x, timeout=None: timeout == 0,
    "subprocess.Popen.wait": lambda process, *_, **__: process.returncode is not None,
    "subprocess.Popen.communicate": lambda process, *_, **__: process.returncode is not None,
    "os.waitpid": lambda _pid, options: bool(options & getattr(os, "WNOHANG", 0)),
    "threading.Thread.join": _ends_soon,
    "queue.SimpleQueue.get": lambda queue, block=True, timeout=None: (
        not block or timeout == 0 or not queue.empty()
    ),
}
