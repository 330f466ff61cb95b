"""Keeps the server and the migrated database of many runs until its input ends."""

import asyncio
import importlib
import sys


async def keep() -> None:
    databases = importlib.import_module("tests.postgres.databases")
    app = importlib.import_module("tests.app_under_test")
    async with databases.open_databases(app.migrate):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(keep())
