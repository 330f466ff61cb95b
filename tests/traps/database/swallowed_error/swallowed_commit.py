"""Any error of a commit is ignored."""

from fastapi import APIRouter

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap returned 200, although INSERT had failed (IntegrityError)"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    session.add(User(email="user1@example.com", password_hash="x"))
    try:
        await session.commit()  # <-
    except Exception:
        pass
