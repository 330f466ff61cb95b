from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from app.auth import service
from app.auth.throttle import Throttle
from app.config import Settings
from app.database import SessionDep
from app.errors import NotAuthenticated
from app.security import read_access_token
from app.users.models import User

# auto_error is off so that a missing token gets the same response as an invalid one.
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="auth/login", auto_error=False)


def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]


async def get_throttle(request: Request, session: SessionDep, settings: SettingsDep) -> Throttle:
    # Behind a proxy, this is the client's host if uvicorn trusts the proxy.
    return Throttle(session, settings, request.client.host if request.client else "")


ThrottleDep = Annotated[Throttle, Depends(get_throttle)]


async def get_current_user(
    token: Annotated[str | None, Depends(oauth2_scheme)],
    session: SessionDep,
    settings: SettingsDep,
) -> User:
    if token is None:
        raise NotAuthenticated
    user_id = read_access_token(token, secret_key=settings.secret_key.get_secret_value())
    return await service.get_active_user(session, user_id)


CurrentUser = Annotated[User, Depends(get_current_user)]
