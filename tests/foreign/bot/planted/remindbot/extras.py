import asyncio
import json
import sqlite3
import urllib.request
from pathlib import Path

SEEN = Path("seen.json")


async def remember(bot, update):
    SEEN.write_text(json.dumps(update))  # <- blocking.file


async def history(bot, update):
    with sqlite3.connect(":memory:") as db:  # <- blocking.database
        pass


async def fetch(bot, update):
    try:
        urllib.request.urlopen("http://127.0.0.1:9/")  # <- blocking.network
    except Exception:
        await bot.send(update["chat"], "no")


async def forget(bot, update):
    bot.send(update["chat"], "bye")  # <- warnings.never-awaited


async def tick(bot, update):
    async def ticking():
        while True:
            await asyncio.sleep(1)

    bot.ticker = asyncio.create_task(ticking())  # <- tasks.leaked


async def stubborn(bot, update):
    async def ignore():
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass

    bot.stubborn = asyncio.create_task(ignore())  # <- tasks.swallowed-cancellation
    await asyncio.sleep(0)
