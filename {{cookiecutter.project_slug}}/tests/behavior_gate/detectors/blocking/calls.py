"""The functions that block the thread that calls them, and when a call is harmless."""

from __future__ import annotations

import io
import ipaddress
import os
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ... import rules
from ...rules import Rule

#: Seconds that a thread that is about to end may be waited for.
ENDS_SOON_S = 0.02


def _never(*_: Any, **__: Any) -> bool:
    return False


def _always(*_: Any, **__: Any) -> bool:
    return True


def _is_descriptor(file: Any, *_: Any, **__: Any) -> bool:
    """Whether a file is opened already."""
    return isinstance(file, int)


def _never_waits(descriptor: int, *_: Any) -> bool:
    return not os.get_blocking(descriptor)


def _in_memory(file: Any, *_: Any) -> bool:
    """Whether no file of the system stands behind what is read from."""
    try:
        file.fileno()
    except io.UnsupportedOperation:
        return not file.isatty()
    except AttributeError:
        # What reads from an archive, for example.
        return False
    return False


def _to_terminal(file: Any, *_: Any) -> bool:
    """Whether a file is the terminal, or what pytest puts in its place."""
    try:
        return (
            type(file).__module__.startswith("_pytest.")
            or file in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
            or file.fileno() in (1, 2)
        )
    except (OSError, ValueError):
        return True


def _is_pipe(descriptor: int, *_: Any) -> bool:
    return not stat.S_ISREG(os.fstat(descriptor).st_mode)


def _has_no_timeout(connection: Any, *_: Any, **__: Any) -> bool:
    return connection.gettimeout() is None


def _is_asynchronous(connection: Any, *_: Any, **__: Any) -> bool:
    """Whether a socket never waits."""
    return not connection.getblocking()


def _is_address(host: str | bytes | None, *_: Any, **__: Any) -> bool:
    """Whether a host needs no look-up."""
    if not host:
        return True
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


def _has_ended(process: Any, *_: Any, **__: Any) -> bool:
    return process.returncode is not None


def _ends_soon(thread: threading.Thread, timeout: float | None = None) -> bool:
    thread.join(ENDS_SOON_S)
    return not thread.is_alive()


def _has_item(queue: Any, block: bool = True, timeout: float | None = None) -> bool:
    return not block or timeout == 0 or not queue.empty()


def _joins_forever(thread: threading.Thread, timeout: float | None = None) -> bool:
    return timeout is None


def _gets_forever(queue: Any, block: bool = True, timeout: float | None = None) -> bool:
    return block and timeout is None


def _selects_forever(_read: Any, _write: Any, _error: Any, timeout: float | None = None, /) -> bool:
    return timeout is None


@dataclass(frozen=True, slots=True)
class Call:
    """A function that blocks."""

    #: Where it is found.
    module: str
    function: str
    rule: Rule
    #: Whether it waits for nothing, given its arguments.
    harmless: Callable[..., bool] = _never
    #: What the user calls where Python calls something else.
    shown: str = ""
    #: Whether it may wait for what this very event loop does, given its arguments, and so forever.
    endless: Callable[..., bool] = _never

    @property
    def name(self) -> str:
        return self.shown or f"{self.module}.{self.function}".removesuffix(".__init__")


def _calls(
    rule: Rule,
    module: str,
    functions: str,
    harmless: Callable[..., bool] = _never,
    endless: Callable[..., bool] = _never,
) -> list[Call]:
    return [
        Call(module, function, rule, harmless, endless=endless) for function in functions.split()
    ]


#: Locks are the affair of `locks.py`.
STANDARD_LIBRARY = (
    Call("time", "sleep", rules.BLOCKING_SLEEP, lambda seconds: seconds <= 0),
    *_calls(
        rules.BLOCKING_FILE,
        "os",
        "access chmod fsync link listdir lstat mkdir open readlink remove rename replace rmdir"
        " scandir sendfile stat statvfs symlink truncate unlink utime",
    ),
    *_calls(rules.BLOCKING_FILE, "os", "read write", _never_waits, _is_pipe),
    *_calls(rules.BLOCKING_FILE, "os.path", "islink ismount"),
    *_calls(rules.BLOCKING_FILE, "builtins", "open", _is_descriptor),
    *_calls(rules.BLOCKING_FILE, "io", "open", _is_descriptor),
    *_calls(
        rules.BLOCKING_FILE,
        "io",
        "BufferedRandom.read BufferedReader.read TextIOWrapper.read",
        _in_memory,
    ),
    *_calls(
        rules.BLOCKING_FILE,
        "io",
        "BufferedReader.readinto BufferedReader.readline BufferedReader.readlines FileIO.read"
        " FileIO.readall TextIOWrapper.readline TextIOWrapper.readlines",
    ),
    # Also what `for line in file` reads.
    Call("io", "FileIO.readinto", rules.BLOCKING_FILE, shown="file.readline"),
    *_calls(
        rules.BLOCKING_FILE,
        "io",
        "BufferedRandom.write BufferedWriter.write FileIO.write TextIOWrapper.write"
        " TextIOWrapper.writelines",
        _to_terminal,
    ),
    *_calls(
        rules.BLOCKING_NETWORK,
        "socket",
        "socket.accept socket.connect socket.recv socket.recv_into socket.recvfrom"
        " socket.recvfrom_into socket.recvmsg socket.send socket.sendall socket.sendto",
        _is_asynchronous,
        _has_no_timeout,
    ),
    *_calls(
        rules.BLOCKING_NETWORK,
        "ssl",
        "SSLSocket.read SSLSocket.recv SSLSocket.send SSLSocket.write",
        _is_asynchronous,
        _has_no_timeout,
    ),
    Call(
        "select",
        "select",
        rules.BLOCKING_NETWORK,
        lambda _read, _write, _error, timeout=None: timeout == 0,
        endless=_selects_forever,
    ),
    *_calls(rules.BLOCKING_DNS, "socket", "getaddrinfo gethostbyname", _is_address),
    *_calls(rules.BLOCKING_DNS, "socket", "getfqdn gethostbyaddr gethostbyname_ex getnameinfo"),
    *_calls(rules.BLOCKING_SUBPROCESS, "subprocess", "Popen.__init__"),
    *_calls(rules.BLOCKING_SUBPROCESS, "subprocess", "Popen.communicate Popen.wait", _has_ended),
    *_calls(rules.BLOCKING_SUBPROCESS, "os", "spawnv spawnve system wait"),
    Call(
        "os",
        "waitpid",
        rules.BLOCKING_SUBPROCESS,
        lambda _pid, options: bool(options & getattr(os, "WNOHANG", 0)),
    ),
    *_calls(
        rules.BLOCKING_DATABASE,
        "sqlite3",
        "connect Connection.commit Connection.execute Connection.executemany"
        " Connection.executescript Connection.rollback Cursor.execute Cursor.executemany"
        " Cursor.executescript Cursor.fetchall Cursor.fetchmany Cursor.fetchone",
    ),
    Call("threading", "Thread.join", rules.BLOCKING_LOCK, _ends_soon, endless=_joins_forever),
    Call("queue", "SimpleQueue.get", rules.BLOCKING_LOCK, _has_item, endless=_gets_forever),
    *_calls(rules.BLOCKING_HASH, "hashlib", "pbkdf2_hmac scrypt"),
    Call("builtins", "input", rules.BLOCKING_INPUT, endless=_always),
)

#: Clients of a database server, each of which may wait for a lock that a task of this loop holds.
_DATABASE_CLIENTS = (
    (
        "psycopg",
        "connect Connection.commit Connection.execute Connection.rollback Connection.wait"
        " Cursor.execute Cursor.executemany waiting.wait waiting.wait_conn",
    ),
    (
        "psycopg2",
        "connect extensions.connection.commit extensions.connection.rollback"
        " extensions.cursor.execute extensions.cursor.executemany",
    ),
    ("pymysql", "connect connections.Connection.query"),
    ("MySQLdb", "connect"),
    ("MySQLdb.connections", "Connection.query"),
    ("mysql.connector", "connect"),
    ("oracledb", "connect Cursor.execute"),
    ("pyodbc", "connect Cursor.execute"),
    ("pymssql", "connect"),
)

LIBRARIES = (
    *(
        call
        for module, functions in _DATABASE_CLIENTS
        for call in _calls(rules.BLOCKING_DATABASE, module, functions, endless=_always)
    ),
    *_calls(rules.BLOCKING_HASH, "passlib.context", "CryptContext.hash CryptContext.verify"),
    *_calls(rules.BLOCKING_HASH, "argon2", "PasswordHasher.hash PasswordHasher.verify"),
    *_calls(rules.BLOCKING_HASH, "argon2.low_level", "hash_secret hash_secret_raw verify_secret"),
    *_calls(rules.BLOCKING_HASH, "bcrypt", "hashpw checkpw kdf"),
    *_calls(rules.BLOCKING_HASH, "pwdlib", "PasswordHash.hash PasswordHash.verify"),
    *_calls(rules.BLOCKING_HASH, "werkzeug.security", "generate_password_hash check_password_hash"),
)
