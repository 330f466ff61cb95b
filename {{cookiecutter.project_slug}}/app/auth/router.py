from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, status

from app.auth import service
from app.auth.dependencies import SettingsDep
from app.auth.schemas import Credentials, Registration, Token
from app.database import SessionDep
from app.errors import AccountDisabled, EmailTaken, InvalidCredentials, problems
from app.security import create_access_token
from app.users.models import User
from app.users.schemas import UserOut
from app.users.service import create_user

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    response_model=UserOut,
    responses=problems(EmailTaken),
)
async def register(registration: Registration, session: SessionDep) -> User:
    user = await create_user(
        session,
        email=registration.email,
        password=registration.password,
        full_name=registration.full_name,
    )
    await session.commit()
    return user


@router.post("/login", responses=problems(InvalidCredentials, AccountDisabled))
async def login(
    form: Annotated[Credentials, Form()],
    session: SessionDep,
    settings: SettingsDep,
) -> Token:
    user = await service.authenticate(session, email=form.username, password=form.password)
    await session.commit()
    lifetime = timedelta(minutes=settings.access_token_minutes)
    token = create_access_token(
        user.id, secret_key=settings.secret_key.get_secret_value(), lifetime=lifetime
    )
    return Token(access_token=token, expires_in=int(lifetime.total_seconds()))
