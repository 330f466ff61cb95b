"""An upload that was rolled over to disk is read without async."""

from fastapi import APIRouter, UploadFile

router = APIRouter()


@router.post("/trap")
async def trap(file: UploadFile) -> int:
    return len(file.file.read())  # <-
