"""A span has names and numbers, and an error without values."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from opentelemetry.sdk.trace import TracerProvider

from app.security import hash_password

router = APIRouter()
tracer = TracerProvider(shutdown_on_exit=False).get_tracer("app")


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    with tracer.start_as_current_span("hash", attributes={"scheme": "argon2", "rounds": 1}) as span:
        await hash_password(password)
        span.record_exception(TimeoutError("after 3 s"))
