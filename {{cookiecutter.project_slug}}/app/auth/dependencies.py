from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from app.auth import service
from app.config import Settings
from app.database import SessionDep
from app.errors import NotAuthenticated
from app.security import read_access_token
from app.users.models import User

# auto_error is off so that a missing token gets the same response as an invalid one.
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="auth/login", auto_error=False)


# FastAPI runs a dependency in a thread if it is not async.
async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]


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
