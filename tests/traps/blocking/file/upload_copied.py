"""An upload that was rolled over to disk is read without async."""

from fastapi import APIRouter, UploadFile

from app.body_limit import max_body_size

router = APIRouter()


@router.post("/trap")
@max_body_size(6_000_000)
async def trap(file: UploadFile) -> int:
    return len(file.file.read())  # <-
