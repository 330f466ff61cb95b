import asyncio
import contextlib
import logging
from collections import defaultdict, deque

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

log = logging.getLogger(__name__)


class Room:
    def __init__(self, size: int = 20) -> None:
        self.history: deque[str] = deque(maxlen=size)
        self.members: dict[WebSocket, asyncio.Queue[str]] = {}

    def say(self, text: str) -> None:
        self.history.append(text)
        for queue in self.members.values():
            queue.put_nowait(text)

    @contextlib.contextmanager
    def joined(self, socket: WebSocket):
        queue = self.members[socket] = asyncio.Queue()
        try:
            yield queue
        finally:
            del self.members[socket]


async def tick(app: FastAPI) -> None:
    while True:
        await asyncio.sleep(0.01)
        app.state.ticks += 1


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.rooms = defaultdict(Room)
    app.state.ticks = 0
    ticking = asyncio.create_task(tick(app))
    yield
    ticking.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/rooms/{name}")
async def history(name: str) -> list[str]:
    return list(app.state.rooms[name].history)


@app.post("/rooms/{name}", status_code=202)
async def say(name: str, text: str) -> None:
    app.state.rooms[name].say(text)


@app.websocket("/rooms/{name}")
async def join(socket: WebSocket, name: str) -> None:
    await socket.accept()
    room = app.state.rooms[name]

    async def forward(queue: asyncio.Queue[str]) -> None:
        while True:
            await socket.send_text(await queue.get())

    with room.joined(socket) as queue:
        sender = asyncio.create_task(forward(queue))
        try:
            async for text in socket.iter_text():
                room.say(text)
        except WebSocketDisconnect:
            log.info("left")
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
