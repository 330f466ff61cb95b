"""The log is also kept in a file."""

import logging.config
from pathlib import Path
from typing import Any


def configure_logging(file: Path | None) -> None:
    """Write the lines of the app into a file, too."""
    handlers: dict[str, dict[str, Any]] = {}
    if file is not None:
        handlers["file"] = {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": file,
            "formatter": "json",
            "maxBytes": 10_000_000,
            "backupCount": 3,
        }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "app.logs.create_formatter", "form": "json"}},
            "handlers": handlers,
            "loggers": {"app": {"level": "INFO", "handlers": list(handlers)}},
        }
    )
