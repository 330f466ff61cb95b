"""Libraries read their own files once."""

import importlib
import mimetypes
import sys
from datetime import datetime
from typing import Any

import certifi
from fastapi import APIRouter

router = APIRouter()

# The C code of zoneinfo takes `open` when it is imported.
for name in ("zoneinfo", "_zoneinfo"):
    sys.modules.pop(name, None)
zoneinfo = importlib.import_module("zoneinfo")


@router.post("/trap")
async def trap() -> Any:
    mimetypes.init()
    certifi.contents()
    datetime.now(zoneinfo.ZoneInfo("Pacific/Chatham"))
    return mimetypes.guess_type("a.png")
