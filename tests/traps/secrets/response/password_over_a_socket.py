"""A WebSocket logs in by a message, and the answer repeats the password."""

from fastapi import APIRouter, WebSocket

SAYS = "WEBSOCKET /trap sent the submitted password in `form.password`"

router = APIRouter()


@router.websocket("/trap")
async def trap(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"form": await websocket.receive_json()})  # <-
    await websocket.close()
