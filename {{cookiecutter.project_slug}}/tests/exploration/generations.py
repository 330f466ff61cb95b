"""Keeps connections to a database that is gone out of the pools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import Pool

GENERATION = "generation of the explored database"


class Generations:
    """Counts the databases that have had the name."""

    def __init__(self) -> None:
        self._number = 0

    def begin(self) -> None:
        """From now on, no pool hands out a connection that was made before."""
        self._number += 1

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the pools of all engines."""
        event.listen(Pool, "connect", self._connected)
        event.listen(Pool, "checkout", self._checked_out)
        try:
            yield
        finally:
            event.remove(Pool, "connect", self._connected)
            event.remove(Pool, "checkout", self._checked_out)

    def _connected(self, _: object, record: Any) -> None:
        record.info[GENERATION] = self._number

    def _checked_out(self, _: object, record: Any, __: object) -> None:
        # Those to other databases are renewed as well.
        if record.info.get(GENERATION) != self._number:
            raise DisconnectionError
