import pytest

from remindbot import extras


@pytest.mark.parametrize("name", ["remember", "history", "fetch", "forget", "tick", "stubborn"])
async def test_extra(bot, name):
    bot.command("/extra")(getattr(extras, name))
    await bot.dispatch({"id": 1, "chat": 1, "name": "Ada", "text": "/extra"})


@pytest.mark.parametrize("name", ["remember", "fetch", "tick"])
async def test_running(running, server, name, eventually):
    async def extra(bot, update):
        await getattr(extras, name)(bot, update)
        await bot.send(1, "done")

    running.command("/extra")(extra)
    server.say("/extra")
    await eventually(lambda: server.sent or running.failed)
