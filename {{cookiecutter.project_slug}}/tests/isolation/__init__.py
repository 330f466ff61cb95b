"""Undoes what a test writes to the database. Knows nothing about the app, so it can be copied."""

from .apps import restored, running, served
from .database import Isolation, SharedDatabase, committed
from .engines import rebound, url_for
from .errors import (
    ConcurrentRequestsError,
    OneConnectionError,
    OtherServerError,
    OuterTransactionError,
    OverlappingTransactionsError,
    SeparateConnectionError,
)

__all__ = [
    "ConcurrentRequestsError",
    "Isolation",
    "OneConnectionError",
    "OtherServerError",
    "OuterTransactionError",
    "OverlappingTransactionsError",
    "SeparateConnectionError",
    "SharedDatabase",
    "committed",
    "rebound",
    "restored",
    "running",
    "served",
    "url_for",
]
