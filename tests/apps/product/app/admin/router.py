from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, status

from app.admin import service
from app.audit.service import record
from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.jobs.service import run_next
from app.users.models import User

router = APIRouter(
    prefix="/admin", tags=["admin"], responses=problems(NotAuthenticated, AccountDisabled)
)


async def get_admin(request: Request, user: CurrentUser, session: SessionDep) -> User:
    allowed = await service.is_admin(session, user.id)
    await record(
        request.app.state.sessionmaker,
        actor_id=user.id,
        action=f"{request.method} {request.url.path}",
        outcome="allowed" if allowed else "refused",
    )
    if not allowed:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "This is for administrators.")
    return user


AdminUser = Annotated[User, Depends(get_admin)]


@router.get("/users/count")
async def count_users(_: AdminUser, session: SessionDep) -> int:
    return await service.count_users(session)


@router.post("/jobs/drain")
async def drain_jobs(_: AdminUser, session: SessionDep) -> int:
    """Do what the worker has not come to."""
    count = 0
    while await run_next(session):
        await session.commit()
        count += 1
    return count


@router.post("/users/{user_id}/disable", status_code=status.HTTP_204_NO_CONTENT)
async def disable_user(user_id: UUID, admin: AdminUser, session: SessionDep) -> None:
    user = await session.get(User, user_id)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    if user.id == admin.id:
        raise HTTPException(status.HTTP_409_CONFLICT, {"code": "own-account"})
    user.is_active = False
    await session.commit()
