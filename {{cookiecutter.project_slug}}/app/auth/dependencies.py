from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import OAuth2PasswordBearer

from app.auth import service
from app.auth.throttle import Throttle
from app.auth.tokens import AccessClaims, read_token
from app.config import Settings
from app.database import SessionDep
from app.errors import NotAuthenticated
from app.users.models import User

# auto_error is off so that a missing token gets the same response as an invalid one.
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="auth/login", auto_error=False)


# FastAPI runs a dependency in a thread if it is not async.
async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]


async def get_throttle(request: Request, session: SessionDep, settings: SettingsDep) -> Throttle:
    # Behind a proxy, this is the client's host if uvicorn trusts the proxy.
    return Throttle(session, settings, request.client.host if request.client else "")


ThrottleDep = Annotated[Throttle, Depends(get_throttle)]


async def get_claims(
    token: Annotated[str | None, Depends(oauth2_scheme)], settings: SettingsDep
) -> AccessClaims:
    if token is None:
        raise NotAuthenticated
    return read_token(AccessClaims, token, settings=settings)


ClaimsDep = Annotated[AccessClaims, Depends(get_claims)]


async def get_current_user(claims: ClaimsDep, session: SessionDep) -> User:
    return await service.get_active_user(session, claims)


CurrentUser = Annotated[User, Depends(get_current_user)]


async def no_store(response: Response) -> None:
    """Keep a response with tokens out of caches (RFC 6749, section 5.1)."""
    response.headers["Cache-Control"] = "no-store"
