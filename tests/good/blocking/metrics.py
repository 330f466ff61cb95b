"""Metrics that read /proc."""

import prometheus_client
from fastapi import APIRouter, Response

TEST = "twice"

router = APIRouter()


@router.post("/trap")
async def trap() -> Response:
    return Response(prometheus_client.generate_latest())
