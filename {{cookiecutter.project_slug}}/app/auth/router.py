from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, status

from app.auth import service
from app.auth.dependencies import ClaimsDep, CurrentUser, SettingsDep, ThrottleDep, no_store
from app.auth.schemas import (
    Credentials,
    EmailVerification,
    PasswordReset,
    PasswordResetRequest,
    Refresh,
    Registration,
    Token,
)
from app.database import SessionDep
from app.errors import (
    AccountDisabled,
    Busy,
    ChangedMeanwhile,
    EmailTaken,
    InvalidCredentials,
    InvalidEmailToken,
    InvalidRefreshToken,
    NotAuthenticated,
    TooManyAttempts,
    problems,
)
from app.mail import SenderDep
from app.users.models import User
from app.users.schemas import UserOut
from app.users.service import create_user, find_user

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    response_model=UserOut,
    responses=problems(EmailTaken, Busy),
)
async def register(
    registration: Registration,
    session: SessionDep,
    settings: SettingsDep,
    sender: SenderDep,
    after: BackgroundTasks,
) -> User:
    user = await create_user(
        session,
        email=registration.email,
        password=registration.password,
        full_name=registration.full_name,
    )
    await session.commit()
    after.add_task(service.send_email_verification, user, settings, sender)
    return user


@router.post(
    "/login",
    dependencies=[Depends(no_store)],
    responses=problems(InvalidCredentials, AccountDisabled, TooManyAttempts, Busy),
)
async def login(
    form: Annotated[Credentials, Form()],
    session: SessionDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
) -> Token:
    async with throttle.attempt(form.username):
        user = await service.authenticate(session, email=form.username, password=form.password)
        tokens = await service.start_login(session, user, settings)
    await session.commit()
    return tokens


@router.post(
    "/refresh",
    dependencies=[Depends(no_store)],
    responses=problems(InvalidRefreshToken, AccountDisabled),
)
async def refresh(body: Refresh, session: SessionDep, settings: SettingsDep) -> Token:
    """Each refresh token is valid once. If one is used again, its login ends."""
    tokens = await service.refresh(session, body.refresh_token, settings)
    await session.commit()
    if tokens is None:
        raise InvalidRefreshToken
    return tokens


@router.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotAuthenticated, AccountDisabled, ChangedMeanwhile),
)
async def logout(user: CurrentUser, claims: ClaimsDep, session: SessionDep) -> None:
    """End the login of this access token, with its refresh token."""
    await service.end_login(session, user, claims)
    await session.commit()


@router.post(
    "/password-reset",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(TooManyAttempts),
)
async def request_password_reset(
    request: PasswordResetRequest,
    session: SessionDep,
    settings: SettingsDep,
    throttle: ThrottleDep,
    sender: SenderDep,
    after: BackgroundTasks,
) -> None:
    """Send a token by email. The response does not tell whether there is such an account."""
    user = await find_user(session, email=request.email)
    # The connection goes back before the email is sent.
    await throttle.count_email(request.email)
    if user and user.is_active:
        after.add_task(service.send_password_reset, user, settings, sender)


@router.post(
    "/password-reset/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(InvalidEmailToken, ChangedMeanwhile, Busy),
)
async def confirm_password_reset(
    reset: PasswordReset, session: SessionDep, settings: SettingsDep
) -> None:
    """Set a new password. All tokens from before end."""
    await service.reset_password(
        session, reset.token, new_password=reset.new_password, settings=settings
    )
    await session.commit()


@router.post(
    "/verify-email",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(NotAuthenticated, AccountDisabled, TooManyAttempts),
)
async def request_email_verification(
    user: CurrentUser,
    settings: SettingsDep,
    throttle: ThrottleDep,
    sender: SenderDep,
    after: BackgroundTasks,
) -> None:
    """Send a token by email, unless the email is verified already."""
    await throttle.count_email(user.email)
    if not user.email_verified:
        after.add_task(service.send_email_verification, user, settings, sender)


@router.post(
    "/verify-email/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(InvalidEmailToken, ChangedMeanwhile),
)
async def confirm_email_verification(
    verification: EmailVerification, session: SessionDep, settings: SettingsDep
) -> None:
    await service.verify_email(session, verification.token, settings=settings)
    await session.commit()
