import asyncio
from dataclasses import dataclass, field


@dataclass
class Reading:
    station: str
    celsius: float


@dataclass
class Stations:
    readings: dict[str, list[float]] = field(default_factory=dict)
    queue: asyncio.Queue[Reading] = field(default_factory=asyncio.Queue)

    async def add(self, reading: Reading) -> None:
        await self.queue.put(reading)

    async def work(self) -> None:
        while True:
            reading = await self.queue.get()
            self.readings.setdefault(reading.station, []).append(reading.celsius)
            self.queue.task_done()

    async def mean(self, station: str) -> float:
        await self.queue.join()
        values = self.readings[station]
        return sum(values) / len(values)
