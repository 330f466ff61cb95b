import httpx
from fastapi import FastAPI

from .no_passwords import router

ORDERS = [
    {"pass": "three-day ski pass", "days": 3},
    {"email": "ada@example.com", "pass": "three-day ski pass"},
    {"email": "ada@example.com", "pass": "three-day", "phone": "+43 1 234"},
    {"guest": {"email": "ada@example.com"}, "items": [{"pass": "adult, one season"}]},
    {"boarding_pass": "LH 400, seat 12A", "passport": "C01X00T47", "pass_type": "adult-3d"},
    {"user": "deploy", "command": "ls", "pwd": "/srv/app/current"},
    {"door": "north entrance", "passcode": "49302177x"},
    {"password_hint": "the name of my first cat"},
]


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    for order in ORDERS:
        assert (await client.post("/trap", json=order)).json() == order
