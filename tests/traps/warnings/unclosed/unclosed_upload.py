"""An uploaded file is not closed: only a form that FastAPI itself reads is."""

from fastapi import APIRouter, Request

SAYS = "Unclosed file <tempfile.SpooledTemporaryFile"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    await request.form()  # <-
