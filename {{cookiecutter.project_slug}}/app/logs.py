"""Logs: one line per event, of the app and of all libraries, by way of Python's logging.

Log with `structlog.get_logger(__name__).info("event", key=value)`. A line that is logged while a
request is served has its id, also in a background task.
"""

import logging
import logging.config
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Literal

import structlog
from structlog.stdlib import ProcessorFormatter

from app.config import LogSettings, load_settings
from app.redaction import redacted

LONGEST_QUEUE = 10_000
"""Lines that wait to be written. If a reader of the log is this far behind, lines are dropped."""
GATHER_S = 0.01
"""How long lines are gathered, in seconds, to be written at once."""

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def create_formatter(
    form: Literal["json", "console"], *, colors: bool = False
) -> logging.Formatter:
    """Create the formatter of a line, which holds no secrets."""
    if form == "json":
        renderer: Any = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=colors,
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.StackInfoRenderer(),
            # Without the values of variables.
            structlog.processors.format_exc_info,
            ProcessorFormatter.remove_processors_meta,
            _finish,
            renderer,
        ],
    )


def _finish(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event.pop("color_message", None)  # The event once more, for uvicorn's own formatter.
    time, level, logger = event.pop("time"), event.pop("level"), event.pop("logger")
    told = {"event": str(event.pop("event")).strip(), **event}
    return {"time": time, "level": level, **redacted(told), "logger": logger}


class Lines(QueueHandler):
    """Writes each record to stdout, in a thread as long as the app runs.

    A reader of the log that does not keep up must not stop the event loop.
    """

    def __init__(self, form: Literal["auto", "json", "console"]) -> None:
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        super().__init__(self._waiting)
        terminal = sys.stdout.isatty()
        chosen = ("console" if terminal else "json") if form == "auto" else form
        self.setFormatter(create_formatter(chosen, colors=terminal))
        self.addFilter(_is_ours)
        self._output = logging.StreamHandler(sys.stdout)
        self._output.terminator = ""
        self._has_thread = False

    def prepare(self, record: logging.LogRecord) -> str:
        # It is formatted where it is logged, as only there is the request known.
        return f"{self.format(record)}\n"

    def enqueue(self, record: Any) -> None:
        if not self._has_thread:
            self._write(record)
        elif self._waiting.qsize() < LONGEST_QUEUE:
            self._waiting.put(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Name a line that can't be written, without its values, which may be secrets."""
        problem = type(sys.exc_info()[1]).__name__
        place = f"{record.pathname}:{record.lineno}"
        told = {
            "name": record.name,
            "levelname": "ERROR",
            "msg": f"{place}: a line of the log could not be written ({problem})",
        }
        self.enqueue(self.prepare(logging.makeLogRecord(told)))

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        thread = threading.Thread(target=self._write_queue, name="log", daemon=True)
        thread.start()
        self._has_thread = True
        try:
            yield
        finally:
            self._has_thread = False
            self._waiting.put(None)
            thread.join()

    def _write_queue(self) -> None:
        ended = False
        while not ended:
            lines = [self._waiting.get()]
            # To wake up for each line would take the interpreter from the event loop as often.
            time.sleep(GATHER_S)
            lines += [self._waiting.get() for _ in range(self._waiting.qsize())]
            ended = None in lines
            self._write(*filter(None, lines))

    def _write(self, *lines: str) -> None:
        self._output.handle(logging.makeLogRecord({"msg": "".join(lines)}))


def _is_ours(record: logging.LogRecord) -> bool:
    # Uvicorn logs the query of a WebSocket, which often holds a token. `AccessLog` does not.
    return not (isinstance(record.msg, str) and '"WebSocket %s"' in record.msg)


@contextmanager
def written_in_thread() -> Iterator[None]:
    """Have a thread write the lines meanwhile, if `configure_logs` has been called."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Lines):
            with handler.in_thread():
                yield
            return
    yield


def logging_config() -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`.

    Raises:
        InvalidSettings: A setting is invalid.
    """
    settings = load_settings(LogSettings)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"lines": {"()": "app.logs.Lines", "form": settings.log_format}},
        "root": {"handlers": ["lines"], "level": settings.log_level},
        "loggers": {
            "uvicorn": {"handlers": ["lines"], "propagate": False, "level": settings.log_level},
            "uvicorn.error": {"handlers": [], "propagate": True, "level": settings.log_level},
            # `AccessLog` logs the requests.
            "uvicorn.access": {"handlers": [], "propagate": False},
            # It tells of each plugin at each start, and of nothing else.
            "alembic.runtime.plugins": {"level": "WARNING"},
        },
    }


def configure_logs() -> None:
    """Write the logs of a server, its warnings and what it dies of to stdout.

    Uvicorn has set up its own logs when it imports the app. Elsewhere, as in the tests, they are
    not ours to change.

    Raises:
        InvalidSettings: A setting is invalid.
    """
    if not any(logging.getLogger(name).handlers for name in ("uvicorn", "uvicorn.error")):
        return
    logging.config.dictConfig(logging_config())
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger().critical("uncaught error", exc_info=(kind, error, traceback))
