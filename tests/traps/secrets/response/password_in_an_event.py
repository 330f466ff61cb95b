"""A stream of events tells a short password, under its name."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

SAYS = "POST /trap returned 200 with the submitted password in the body"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    async def events() -> AsyncIterator[str]:
        yield f"data: {json.dumps({'form': {'password': password}})}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
