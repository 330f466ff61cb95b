import asyncio
import json
from pathlib import Path
from typing import Protocol

DATA = Path(__file__).with_name("rates.json")


class Source(Protocol):
    async def fetch(self) -> dict[str, float]: ...


class FileSource:
    async def fetch(self) -> dict[str, float]:
        return json.loads(await asyncio.to_thread(DATA.read_text))


class Rates:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.values: dict[str, float] = {}
        self.condition = asyncio.Condition()

    async def refresh(self) -> None:
        values = await self.source.fetch()
        async with self.condition:
            self.values = values
            self.condition.notify_all()

    async def get(self, currency: str) -> float:
        async with self.condition:
            await self.condition.wait_for(lambda: self.values)
        return self.values[currency]
