"""Flights that test pilots make: data of the application."""

FLIGHTS = {"tf-1": {"title": "First Flight", "price": 100.0}}


async def find(number: str) -> dict:
    return FLIGHTS[number]
