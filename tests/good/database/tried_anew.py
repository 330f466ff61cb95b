"""A transaction that fails is tried anew."""

from fastapi import APIRouter, Request

from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    for name in ("user1", "ada"):
        try:
            async with request.app.state.sessionmaker.begin() as session:
                session.add(User(email=f"{name}@example.com", password_hash="x"))
            break
        except Exception:
            continue
