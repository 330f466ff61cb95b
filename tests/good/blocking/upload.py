"""An upload is read by await."""

from fastapi import APIRouter, UploadFile

from app.body_limit import max_body_size

router = APIRouter()


@router.post("/trap")
@max_body_size(6_000_000)
async def trap(file: UploadFile) -> int:
    return len(await file.read())
