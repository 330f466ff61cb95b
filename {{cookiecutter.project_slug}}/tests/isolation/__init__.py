"""Undoes what a test writes to the database. Knows nothing about the app, so it can be copied."""

from .apps import guarded, restored, running, served
from .database import Isolation, SharedDatabase, committed
from .engines import only_databases
from .errors import (
    ConcurrentRequestsError,
    ForeignDatabaseError,
    OneConnectionError,
    OuterTransactionError,
    OverlappingTransactionsError,
    SeparateConnectionError,
)

__all__ = [
    "ConcurrentRequestsError",
    "ForeignDatabaseError",
    "Isolation",
    "OneConnectionError",
    "OuterTransactionError",
    "OverlappingTransactionsError",
    "SeparateConnectionError",
    "SharedDatabase",
    "committed",
    "guarded",
    "only_databases",
    "restored",
    "running",
    "served",
]
