"""Logging to files."""

import logging
import logging.config
import logging.handlers
import queue
import tempfile
from pathlib import Path

import loguru
import structlog
from fastapi import APIRouter, FastAPI, Request

router = APIRouter()


class Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        with open(LOGS / "lines.log", "a") as file:
            file.write(self.format(record) + "\n")


LOGS = Path(tempfile.mkdtemp())
RECORDS: queue.Queue[logging.LogRecord] = queue.Queue()


def make_app() -> FastAPI:
    handlers = {
        "file": {"class": "logging.FileHandler", "filename": LOGS / "file.log", "delay": True},
        "rotating": {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": LOGS / "rotating.log",
            "maxBytes": 20,
            "backupCount": 2,
        },
        "timed": {
            "class": "logging.handlers.TimedRotatingFileHandler",
            "filename": LOGS / "timed.log",
            "when": "S",
            "backupCount": 1,
        },
        "watched": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": LOGS / "watched.log",
        },
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": handlers,
            "loggers": {"files": {"handlers": list(handlers)}},
        }
    )
    files = logging.getLogger("files")
    files.addHandler(Lines())
    files.addHandler(logging.handlers.QueueHandler(RECORDS))
    loguru.logger.add(LOGS / "loguru.log", rotation="20 B", retention=2, watch=True)
    app = FastAPI()
    app.state.structured = structlog.PrintLogger(open(LOGS / "structured.log", "a"))
    app.include_router(router)
    return app


@router.post("/trap")
async def trap(request: Request) -> None:
    for _ in range(3):
        logging.getLogger("files").warning("a line of some length")
        loguru.logger.info("a line of some length")
        request.app.state.structured.info("a line")
