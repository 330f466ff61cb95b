"""A process is run and waited for."""

import subprocess

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    subprocess.run(["true"], check=True)  # <-
