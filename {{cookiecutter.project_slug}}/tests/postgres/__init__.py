"""Databases for tests on a real PostgreSQL. Knows nothing about the app, so it can be copied."""

from .databases import DatabaseError, Databases, open_databases
from .guard import ForeignDatabaseError, SocketURLError

__all__ = ["DatabaseError", "Databases", "ForeignDatabaseError", "SocketURLError", "open_databases"]
