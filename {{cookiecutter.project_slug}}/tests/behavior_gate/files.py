"""Tells the files that a library reads on its own account from those that the user has it read."""

from __future__ import annotations

import gc
import io
import os
import sys
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePath
from types import FrameType
from typing import Any

from .callers import Caller, owner
from .core import Gate

_LOOKS = {"access", "islink", "ismount", "lstat", "readlink", "stat", "statvfs"}
_LISTS = {"listdir", "scandir"}
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

#: What comes with the operating system: time zones, types of files, certificates.
_SYSTEM = ("/usr/", "/etc/", "/lib/", "/System/", "/Library/", "/private/etc/")
#: No disk stands behind them.
_KERNEL = ("/proc/", "/sys/")
#: What is installed, as `importlib.metadata` reads it. Nothing keeps what it has read.
_METADATA = (".dist-info/", ".egg-info/")


class File:
    """The file or folder that a call is about, and what becomes of it."""

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._function = name.rpartition(".")[2]
        self._args, self._kwargs = args, kwargs
        self._subject = args[0] if args else kwargs.get("file", kwargs.get("path", "."))

    @cached_property
    def path(self) -> str:
        """Its absolute path, or "" for an open file without one."""
        subject = self._subject
        if isinstance(subject, io.IOBase):
            subject = getattr(subject, "name", None)
        return _absolute(subject)

    @property
    def is_only_read(self) -> bool:
        return self.is_read or self.is_looked_at

    @property
    def is_looked_at(self) -> bool:
        return self._function in _LOOKS

    @property
    def is_read(self) -> bool:
        if self._function != "open":
            return self._function in _LISTS or self._function.startswith("read")
        mode = self._args[1] if len(self._args) > 1 else None
        mode = self._kwargs.get("flags", self._kwargs.get("mode", "r")) if mode is None else mode
        return not (mode & _CHANGES if isinstance(mode, int) else set(mode) & set("wax+"))

    @property
    def is_written_to(self) -> bool:
        """Whether more is written to a file that is open already."""
        return self._function.startswith("write") and isinstance(self._subject, io.IOBase)

    @property
    def is_of_the_kernel(self) -> bool:
        return self.path.startswith(_KERNEL)


class LibraryFiles:
    """The files that libraries have read in one test."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        #: In which request, or other part of the test, a file was first read, and by which object.
        self._read: dict[str, tuple[object, weakref.ref[Any] | None]] = {}
        self._looked_at: tuple[str, object] | None = None
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
        self._installed = (*(f"{prefix}/".replace("\\", "/") for prefix in prefixes), *_SYSTEM)

    def clear(self) -> None:
        self._read.clear()
        self._looked_at = None

    def is_own(self, file: File, caller: Caller, occasion: object) -> bool:
        """Whether a library reads a file on its own account, and not again on each occasion.

        That is a file of its installation or of the system, and a file that an object of a library
        loads when it is first asked for it, such as a template. What an installation says of
        itself, and what the user's code names, is read for the user.
        """
        if file.is_written_to:
            # A log that it holds open.
            return caller.third_party is not None
        if not file.path or not file.is_only_read:
            return False
        if not self._is_found(file.path, caller, occasion):
            return False
        if file.is_looked_at:
            self._looked_at = (file.path, occasion)
            return True
        reader = owner(caller.third_party) if caller.third_party is not None else None
        first, reference = self._read.get(file.path, (occasion, None))
        if first is not occasion and not _is_another(reader, reference):
            return False
        self._read[file.path] = (occasion, _reference(reader))
        return True

    def _is_found(self, path: str, caller: Caller, occasion: object) -> bool:
        """Whether a library has found a file by itself, be it its own or one for its object."""
        library, third_party = caller.library, caller.third_party
        if library is None:
            # Zone information is opened by C code, after Python code has looked for it.
            return self._looked_at == (path, occasion)
        if _names(library, path):
            return False
        if third_party is None:
            # The folders of `sys.path` are its own only as places of what is installed.
            return not self._gate.origins.is_of_project(f"{path}/") and (
                self._is_installed(path, library) and not any(part in path for part in _METADATA)
            )
        if _names(third_party, path):
            return False
        return self._is_installed(path, third_party) or owner(third_party) is not None

    def _is_installed(self, path: str, library: FrameType) -> bool:
        if path in sys.path:
            # Where modules and what describes them are looked for.
            return True
        if self._gate.origins.is_of_project(path):
            return False
        # Beside its code also for a library that was put elsewhere.
        folder = os.path.dirname(library.f_code.co_filename)
        return path.startswith((*self._installed, f"{folder}/")) or "-packages/" in path


def _reference(thing: object) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(thing)
    except TypeError:
        return None


def _is_another(reader: object, reference: weakref.ref[Any] | None) -> bool:
    """Whether the object that has read a file before still keeps it, and another one reads it."""
    if reader is None or reference is None or reference() is reader:
        return False
    # One that was made for a request may be gone but for a cycle of references.
    gc.collect()
    return reference() is not None


def _absolute(path: object) -> str:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return ""
    return os.path.abspath(os.fsdecode(path)).replace("\\", "/")


def _names(frame: FrameType, path: str) -> bool:
    """Whether a function has been given a path."""
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = [frame.f_locals.get(name) for name in names]
    return any(_absolute(value) == path for value in values if isinstance(value, (str, PurePath)))
