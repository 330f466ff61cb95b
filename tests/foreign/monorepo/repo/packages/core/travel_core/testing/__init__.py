"""Fakes for the tests of other packages."""

import json

from travel_core.rates import DATA


class FakeSource:
    def __init__(self) -> None:
        self.calls = 0

    async def fetch(self) -> dict[str, float]:
        self.calls += 1
        with open(DATA) as file:
            return json.load(file)
