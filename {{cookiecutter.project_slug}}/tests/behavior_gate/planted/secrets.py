"""Passwords and their hashes where they do not belong."""

from __future__ import annotations

import asyncio
import json
import logging
import os

from ..asgi import Receive, Send
from .serving import answer, serve

_BODY = b'{"password": "correct horse battery staple"}'


async def echo_password() -> None:
    async def application(scope: object, receive: Receive, send: Send) -> None:
        message = await receive()
        await answer(send, message["body"])

    await serve(application, _BODY)


async def show_hash() -> None:
    async def application(scope: object, receive: Receive, send: Send) -> None:
        await answer(send, b'{"hash": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"}')

    await serve(application)


async def log_password() -> None:
    async def application(scope: object, receive: Receive, send: Send) -> None:
        message = await receive()
        logger = logging.getLogger("behavior_gate.planted")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.error("login with %s", message["body"].decode())
        await answer(send)

    await serve(application, _BODY)


async def show_key() -> None:
    name, key = "GATE_PLANTED_SECRET_KEY", "c2VsZi10ZXN0-0123456789"

    async def application(scope: object, receive: Receive, send: Send) -> None:
        await answer(send, json.dumps({"settings": {"key": os.environ[name]}}).encode())

    os.environ[name] = key
    try:
        await serve(application)
    finally:
        del os.environ[name]


async def store_password() -> None:
    from sqlalchemy import create_engine, text

    def write(password: str) -> None:
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE users (password TEXT)"))
            connection.execute(text("INSERT INTO users VALUES (:password)"), {"password": password})
        engine.dispose()

    async def application(scope: object, receive: Receive, send: Send) -> None:
        message = await receive()
        await asyncio.to_thread(write, json.loads(message["body"])["password"])
        await answer(send)

    await serve(application, _BODY)
