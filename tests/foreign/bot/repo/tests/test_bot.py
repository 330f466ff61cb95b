import asyncio
import logging
import os
import signal

import httpx
import pytest

from remindbot.api import ApiError, RetryAfter
from remindbot.bot import load_texts, main, start


async def test_start(running, server, eventually):
    server.say("/start")
    await eventually(lambda: server.sent)
    assert server.sent == [(1, "Hello Ada!")]


async def test_unknown(running, server, eventually):
    server.say("what?", chat=7)
    await eventually(lambda: server.sent)
    assert server.sent == [(7, "I don't understand.")]


async def test_remind(running, server, eventually):
    server.say("/remind 0.01 buy milk")
    await eventually(lambda: server.sent)
    assert server.sent == [(1, "Reminder: buy milk")]


async def test_reminder_is_cancelled(bot):
    await bot.dispatch({"id": 1, "chat": 1, "name": "Ada", "text": "/remind 60 later"})
    assert len(bot.reminders) == 1


async def test_failing_handler(running, server, eventually, caplog):
    server.say("/remind soon")
    await eventually(lambda: running.failed)
    assert "update 1 failed" in caplog.text
    assert "could not convert string to float" in caplog.text


async def test_polling_goes_on(running, server, eventually):
    server.errors.append(httpx.Response(200, json={"ok": False, "description": "down"}))
    server.errors.append(httpx.ConnectError("reset"))
    server.say("/start")
    await eventually(lambda: server.sent)


async def test_retry_after(api, server):
    server.errors.append(httpx.Response(429, json={"retry_after": 0.001}))
    assert await api.retrying("sendMessage", chat=1, text="hi") is True


async def test_gives_up(api, server):
    server.errors += [httpx.Response(429, json={"retry_after": 0.001})] * 3
    with pytest.raises(RetryAfter):
        await api.retrying("sendMessage", chat=1, text="hi")


async def test_error(api, server):
    server.errors.append(httpx.Response(200, json={"ok": False, "description": "bad chat"}))
    with pytest.raises(ApiError, match="bad chat"):
        await api.call("sendMessage", chat=1, text="hi")


async def test_direct(bot, server, caplog):
    caplog.set_level(logging.INFO)
    await start(bot, {"chat": 3, "name": "Bob"})
    assert server.sent == [(3, load_texts()["hello"].format(name="Bob"))]


async def test_main_ends_on_signal(api):
    running = asyncio.create_task(main(api))
    await asyncio.sleep(0.02)
    os.kill(os.getpid(), signal.SIGUSR2)
    await asyncio.wait_for(running, 1)
