"""Where a page ends, as a text that asks for the next one. Clients need not know what is in it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

FIRST = datetime.min.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Each text of this form is the cursor of some row, in any year up to 2284.
Cursor = Annotated[str, StringConstraints(pattern="^[0-9a-f]{46}$")]


def to_cursor(created_at: datetime, row_id: UUID) -> Cursor:
    return f"{(created_at - FIRST) // MICROSECOND:014x}{row_id.hex}"


def from_cursor(cursor: Cursor) -> tuple[datetime, UUID]:
    return FIRST + int(cursor[:14], 16) * MICROSECOND, UUID(cursor[14:])
