"""A WebSocket echoes."""

from fastapi import APIRouter, WebSocket

router = APIRouter()


@router.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()
