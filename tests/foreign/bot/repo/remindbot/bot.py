import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from remindbot.api import Api, ApiError

log = logging.getLogger("remindbot")
Handler = Callable[["Bot", dict], Awaitable[None]]


def load_texts(language="en"):
    path = Path(__file__).parent / "locales" / f"{language}.json"
    return json.loads(path.read_text())


class Bot:
    def __init__(self, api: Api, workers: int = 2) -> None:
        self.api = api
        self.texts = load_texts()
        self.handlers: dict[str, Handler] = {}
        self.middlewares: list[Callable[[Handler], Handler]] = []
        self.queue: asyncio.Queue[dict] = asyncio.Queue(maxsize=100)
        self.workers = workers
        self.reminders: set[asyncio.Task] = set()
        self.offset = 0
        self.failed = 0

    def command(self, name: str):
        def register(handler: Handler) -> Handler:
            self.handlers[name] = handler
            return handler

        return register

    async def send(self, chat: int, text: str) -> None:
        await self.api.retrying("sendMessage", chat=chat, text=text)

    async def poll(self) -> None:
        while True:
            try:
                updates = await self.api.retrying("getUpdates", offset=self.offset)
            except ApiError as error:
                log.warning("polling: %s", error)
                await asyncio.sleep(0.01)
                continue
            for update in updates:
                self.offset = update["id"] + 1
                await self.queue.put(update)

    async def dispatch(self, update: dict) -> None:
        command = update["text"].split()[0]
        handler = self.handlers.get(command, unknown)
        for middleware in reversed(self.middlewares):
            handler = middleware(handler)
        await handler(self, update)

    async def work(self) -> None:
        while True:
            update = await self.queue.get()
            try:
                await self.dispatch(update)
            except Exception:
                self.failed += 1
                log.exception("update %s failed", update["id"])
            finally:
                self.queue.task_done()

    def remind(self, seconds: float, chat: int, text: str) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.send(chat, self.texts["done"].format(text=text))

        task = asyncio.create_task(later(), name=f"reminder-{chat}")
        self.reminders.add(task)
        task.add_done_callback(self.reminders.discard)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.poll())
            for _ in range(self.workers):
                group.create_task(self.work())

    async def close(self) -> None:
        for task in self.reminders:
            task.cancel()
        await asyncio.gather(*self.reminders, return_exceptions=True)
        await self.api.close()


async def start(bot: Bot, update: dict) -> None:
    await bot.send(update["chat"], bot.texts["hello"].format(name=update["name"]))


async def remind(bot: Bot, update: dict) -> None:
    _, seconds, *words = update["text"].split()
    bot.remind(float(seconds), update["chat"], " ".join(words))


async def unknown(bot: Bot, update: dict) -> None:
    await bot.send(update["chat"], bot.texts["unknown"])


def logged(handler: Handler) -> Handler:
    async def wrapper(bot: Bot, update: dict) -> None:
        log.info("%s: %s", update["name"], update["text"])
        await handler(bot, update)

    return wrapper


def make_bot(api: Api) -> Bot:
    bot = Bot(api)
    bot.command("/start")(start)
    bot.command("/remind")(remind)
    bot.middlewares.append(logged)
    return bot


async def main(api: Api) -> None:
    bot = make_bot(api)
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(bot.run())
    for number in (signal.SIGTERM, signal.SIGUSR2):
        loop.add_signal_handler(number, running.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        for number in (signal.SIGTERM, signal.SIGUSR2):
            loop.remove_signal_handler(number)
        await bot.close()
