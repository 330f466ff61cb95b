"""A sync endpoint and a sync dependency run in threads."""

import subprocess
import time
from pathlib import Path

from fastapi import APIRouter, Depends

router = APIRouter()
DATA = Path(__file__)


def dependency() -> None:
    time.sleep(0.02)


@router.post("/trap", dependencies=[Depends(dependency)])
def trap() -> str:
    time.sleep(0.02)
    subprocess.run(["true"], check=True)
    return DATA.read_text()[:10]
