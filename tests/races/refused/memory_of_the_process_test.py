import httpx
from trap_races import Plant

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .memory_of_the_process import Base, router


async def test_interleaved(
    interleavings: Interleavings, concurrent_client: httpx.AsyncClient, plant: Plant
) -> None:
    await plant(router, Base)
    await interleavings(*2 * [lambda: concurrent_client.post("/names/ada")])


async def test_interrupted(
    interruptions: Interruptions, concurrent_client: httpx.AsyncClient, plant: Plant
) -> None:
    await plant(router, Base)
    await interruptions(lambda: concurrent_client.post("/names/bob"))
