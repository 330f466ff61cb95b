"""The answer holds the key that signs the tokens."""

from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> dict[str, str]:  # <-
    return {"key": request.app.state.settings.secret_key.get_secret_value()}
