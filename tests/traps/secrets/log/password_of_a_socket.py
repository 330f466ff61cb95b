"""A password that came by a WebSocket is logged."""

import logging

from fastapi import APIRouter, WebSocket

SAYS = "WEBSOCKET /trap logged the submitted password (logger `app.socket`, INFO)"

router = APIRouter()


@router.websocket("/trap")
async def trap(websocket: WebSocket) -> None:
    await websocket.accept()
    logging.getLogger("app.socket").info("received %s", await websocket.receive_json())  # <-
    await websocket.close()
