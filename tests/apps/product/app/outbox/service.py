"""The outbox: events are stored with what they tell of, and sent afterwards."""

import json
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.outbox.models import OutboxEvent

CHANNEL = "events"


async def announce(session: AsyncSession, topic: str, payload: dict[str, Any]) -> None:
    """Store an event in the transaction of what it tells of."""
    session.add(OutboxEvent(topic=topic, payload=payload))
    await session.flush()


async def relay(
    sessionmaker: async_sessionmaker[AsyncSession], redis: "Redis", *, batch: int = 20
) -> int:
    """Publish what has not been sent, batch by batch, and return how many events it was."""
    total = 0
    while True:
        async with sessionmaker() as session:
            events = await session.scalars(
                select(OutboxEvent)
                .where(OutboxEvent.sent_at.is_(None))
                .order_by(OutboxEvent.id)
                .limit(batch)
                .with_for_update(skip_locked=True)
            )
            sent = []
            for event in events:
                await redis.publish(
                    CHANNEL, json.dumps({"topic": event.topic, "payload": event.payload})
                )
                sent.append(event.id)
            if not sent:
                return total
            await session.execute(
                update(OutboxEvent).where(OutboxEvent.id.in_(sent)).values(sent_at=func.now())
            )
            await session.commit()
            total += len(sent)
