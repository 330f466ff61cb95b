"""An error answer rolls back."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> JSONResponse:
    session.add(new_user())
    await session.flush()
    return JSONResponse({"detail": "no"}, status_code=400)
