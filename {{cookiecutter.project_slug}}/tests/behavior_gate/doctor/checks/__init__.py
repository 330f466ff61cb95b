"""The known mistakes, in the order in which they are told. To add one, list it here."""

from __future__ import annotations

from ..problems import Check
from . import clients, database, loops, settings

CHECKS: tuple[Check, ...] = (
    *settings.CHECKS,
    *loops.CHECKS,
    *database.CHECKS,
    *clients.CHECKS,
)
