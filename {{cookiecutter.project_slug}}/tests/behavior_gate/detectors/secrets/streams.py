"""What is printed, or written to the terminal by a logger that is not Python's."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TextIO
from weakref import WeakSet

from ...core import Gate
from ...on_import import OnImport
from ...patches import Patches
from .written import LogJudge

#: loguru writes to files of its own. All else that it has goes to a stream, or to logging.
_FILE_SINK = "loguru._file_sink"


class StreamWatch:
    """Looks at each line for stdout and stderr."""

    def __init__(self, gate: Gate, judge: LogJudge) -> None:
        self._judge = judge
        self._patches = Patches(gate, "what is printed")
        self._streams: WeakSet[TextIO] = WeakSet()
        self._on_import = OnImport([_FILE_SINK], self._watch_files)

    def install(self) -> None:
        self._patches.replace(builtins, "print", self._print)
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()
        for stream in self._streams:
            del stream.write
        self._streams.clear()

    def watch(self) -> None:
        """Watch the streams of now: pytest replaces them, and so may a test."""
        for stream in (sys.stdout, sys.stderr):
            # What a test has put there may allow neither.
            with suppress(AttributeError, TypeError):
                if stream not in self._streams:
                    stream.write = self._write(stream.write)  # type: ignore[method-assign]
                    self._streams.add(stream)

    def _watch_files(self, module: str) -> None:
        def wrap(original: Callable[..., None]) -> Callable[..., None]:
            @wraps(original)
            def write(sink: Any, message: str) -> None:
                original(sink, message)
                self._judge.judge("logged", [message])

            return write

        self._patches.replace(sys.modules[module].FileSink, "write", wrap)

    def _write(self, original: Callable[[str], int]) -> Callable[[str], int]:
        @wraps(original)
        def write(text: str, /) -> int:
            written = original(text)
            # Pytest writes a dot for each test.
            if len(text) > 1:
                self._judge.judge("printed", [text])
            return written

        return write

    def _print(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def print_(*values: Any, **options: Any) -> None:
            # Each value comes to the stream by itself, without what stands before it.
            with self._judge.at_the_source():
                original(*values, **options)
            if options.get("file") in (None, sys.stdout, sys.stderr):
                texts = list(map(str, values))
                self._judge.judge("printed", [" ".join(texts)], texts)

        return print_
