from contextlib import nullcontext

from fastapi import APIRouter, BackgroundTasks, Depends, status

from app.auth.dependencies import CurrentUser, SettingsDep, ThrottleDep, no_store
from app.auth.schemas import Token
from app.auth.service import send_email_verification, start_login
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
from app.mail import SenderDep
from app.users import service
from app.users.models import User
from app.users.schemas import AccountDeletion, PasswordChange, UserOut, UserUpdate

router = APIRouter(prefix="/users/me", tags=["users"])


@router.get("", response_model=UserOut, responses=problems(NotAuthenticated, AccountDisabled))
async def read_me(user: CurrentUser) -> User:
    return user


@router.patch(
    "",
    response_model=UserOut,
    responses=problems(
        NotAuthenticated,
        AccountDisabled,
        WrongPassword,
        EmailTaken,
        ChangedMeanwhile,
        TooManyAttempts,
        Busy,
    ),
)
async def update_me(
    changes: UserUpdate,
    user: CurrentUser,
    session: SessionDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
    sender: SenderDep,
    after: BackgroundTasks,
) -> User:
    """Change the profile. A token is sent to a new email, to verify it."""
    email = user.email
    asks_password = changes.email not in {None, email}
    async with throttle.attempt(email) if asks_password else nullcontext():
        await service.update_user(
            session,
            user,
            changes.model_dump(exclude_unset=True, exclude={"version", "current_password"}),
            version=changes.version,
            current_password=changes.current_password,
        )
    if user.email != email:
        # If there were too many, the email is not changed.
        await throttle.count_email(user.email)
        after.add_task(send_email_verification, user, settings, sender)
    await session.commit()
    return user


@router.put(
    "/password",
    dependencies=[Depends(no_store)],
    responses=problems(
        NotAuthenticated, AccountDisabled, WrongPassword, ChangedMeanwhile, TooManyAttempts, Busy
    ),
)
async def change_my_password(
    change: PasswordChange,
    user: CurrentUser,
    session: SessionDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
) -> Token:
    """All tokens from before end, on all devices. The response has new ones for this device."""
    async with throttle.attempt(user.email):
        await service.change_password(
            session,
            user,
            current_password=change.current_password,
            new_password=change.new_password,
        )
        tokens = await start_login(session, user, settings)
    await session.commit()
    return tokens


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(
        NotAuthenticated, AccountDisabled, WrongPassword, ChangedMeanwhile, TooManyAttempts, Busy
    ),
)
async def delete_me(
    deletion: AccountDeletion, user: CurrentUser, session: SessionDep, throttle: ThrottleDep
) -> None:
    async with throttle.attempt(user.email):
        await service.delete_user(session, user, current_password=deletion.current_password)
    await session.commit()
