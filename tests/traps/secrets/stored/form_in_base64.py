"""A column keeps the whole form, as JSON in Base64."""

import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    form = base64.b64encode(json.dumps({"form": {"password": password}}).encode())
    session.add(User(email="ada@example.com", password_hash=form.decode()))
    await session.commit()  # <-
    return None
