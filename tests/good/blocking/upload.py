"""An upload is read by await."""

from fastapi import APIRouter, UploadFile

router = APIRouter()


@router.post("/trap")
async def trap(file: UploadFile) -> int:
    return len(await file.read())
