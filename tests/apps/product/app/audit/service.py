"""The audit log. An entry stays, whatever becomes of the request that it is about."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.audit.models import AuditEntry


async def record(
    sessionmaker: async_sessionmaker[AsyncSession], *, actor_id: UUID, action: str, outcome: str
) -> None:
    """Commit an entry in a session of its own."""
    async with sessionmaker.begin() as session:
        session.add(AuditEntry(actor_id=actor_id, action=action, outcome=outcome))
