from fastapi import APIRouter, status

from app.auth.dependencies import CurrentUser, ThrottleDep
from app.database import SessionDep
from app.errors import (
    AccountDisabled,
    Busy,
    ChangedMeanwhile,
    EmailTaken,
    NotAuthenticated,
    TooManyAttempts,
    WrongPassword,
    problems,
)
from app.users import service
from app.users.models import User
from app.users.schemas import PasswordChange, UserOut, UserUpdate

router = APIRouter(prefix="/users/me", tags=["users"])


@router.get("", response_model=UserOut, responses=problems(NotAuthenticated, AccountDisabled))
async def read_me(user: CurrentUser) -> User:
    return user


@router.patch(
    "",
    response_model=UserOut,
    responses=problems(NotAuthenticated, AccountDisabled, EmailTaken, ChangedMeanwhile),
)
async def update_me(changes: UserUpdate, user: CurrentUser, session: SessionDep) -> User:
    await service.update_user(
        session,
        user,
        changes.model_dump(exclude_unset=True, exclude={"version"}),
        version=changes.version,
    )
    await session.commit()
    return user


@router.put(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(
        NotAuthenticated, AccountDisabled, WrongPassword, ChangedMeanwhile, TooManyAttempts, Busy
    ),
)
async def change_my_password(
    change: PasswordChange, user: CurrentUser, session: SessionDep, throttle: ThrottleDep
) -> None:
    async with throttle.attempt(user.email):
        await service.change_password(
            session,
            user,
            current_password=change.current_password,
            new_password=change.new_password,
        )
    await session.commit()


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotAuthenticated, AccountDisabled, ChangedMeanwhile),
)
async def delete_me(user: CurrentUser, session: SessionDep) -> None:
    await service.delete_user(session, user)
    await session.commit()
